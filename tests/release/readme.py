"""The check that a package index shows the README whole, with its pictures and no link lost.

::

    python tests/release/readme.py WHEEL TREE
"""

from __future__ import annotations

import sys
import zipfile
from email import message_from_string
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

from readme_renderer import markdown


class Targets(HTMLParser):
    """A list of all that a rendered page links to and shows."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.pictures: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "a" and "href" in named:
            self.links.append(named["href"] or "")
        if tag == "img":
            self.pictures.append(named.get("src") or "")


def main() -> None:
    with zipfile.ZipFile(sys.argv[1]) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = message_from_string(archive.read(name).decode())
    assert metadata["Description-Content-Type"] == "text/markdown", metadata.items()
    html = markdown.render(metadata.get_payload())
    assert html, "the README can't be rendered"
    found = Targets()
    found.feed(html)
    relative = [
        target
        for target in [*found.links, *found.pictures]
        if urlsplit(target).scheme != "https" and not target.startswith("#")
    ]
    assert not relative, f"on a package index these lead nowhere: {relative}"

    urls = dict(url.split(", ", 1) for url in metadata.get_all("Project-URL", []))
    assert {"Homepage", "Documentation", "Source", "Changelog", "Issues"} <= set(urls), urls
    raw = urls["Source"].replace("://github.com/", "://raw.githubusercontent.com/") + "/main/"
    assert found.pictures, "there is no picture"
    for picture in found.pictures:
        assert picture.startswith(raw), f"{picture} is not of this project"
        path = urlsplit(picture.removeprefix(raw)).path
        assert (Path(sys.argv[2]) / path).is_file(), f"{path} is not there"
    print(
        f"The README has {len(found.links)} links and {len(found.pictures)} picture, all absolute."
    )


if __name__ == "__main__":
    main()
