"""Links between pages lead to files and headings that are there, as they are read in a checkout.

The README is read on a package index, too, where only absolute links lead somewhere: its links name
the project's home, and are checked against the checkout. The site's own links are checked when it
is built: there a warning is an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from mdit_py_plugins.anchors import anchors_plugin

from docs.pages import GUIDES, PAGES, ROOT

#: The project's home; a file of it for people to read, and for browsers to show.
HOME = "https://github.com/flask-static-optimizer/flask-static-optimizer"
_FILES = (
    f"{HOME}/blob/main/",
    f"{HOME.replace('github.com', 'raw.githubusercontent.com')}/main/",
)

_markdown = MarkdownIt("commonmark").use(anchors_plugin, max_level=3)


@cache
def anchors(page: Path) -> set[str]:
    tokens = _markdown.parse(page.read_text("utf-8"))
    return {str(token.attrs["id"]) for token in tokens if token.type == "heading_open"}


def links(page: Path) -> Iterator[str]:
    for token in _markdown.parse(page.read_text("utf-8")):
        for child in token.children or ():
            target = child.attrs.get("href" if child.type == "link_open" else "src")
            if target is not None:
                yield str(target)


@pytest.mark.parametrize("page", [*PAGES, *GUIDES], ids=lambda page: str(page.relative_to(ROOT)))
def test_links(page: Path) -> None:
    for link in links(page):
        base, local = page.parent, link
        for prefix in _FILES:
            if link.startswith(prefix):
                base, local = ROOT, link.removeprefix(prefix).removesuffix("?sanitize=true")
        if local.startswith(("https://", "http://")):
            continue
        path, _, anchor = local.partition("#")
        target = (base / path).resolve() if path else page
        assert target.is_file(), f"{link}: there is no such file"
        assert not anchor or anchor in anchors(target), f"{link}: there is no such heading"


def test_the_readme_has_absolute_links_only() -> None:
    targets = list(links(ROOT / "README.md"))
    assert [link for link in targets if not link.startswith(("https://", "#"))] == []
    assert any(link.startswith(_FILES[1]) for link in targets), "no picture"


def test_the_home_is_the_same_everywhere() -> None:
    """Who forks the project or moves it has one name to replace, and no other is left over."""
    said = re.compile(
        r"https://(?:raw\.githubusercontent|github)\.com/[\w.-]+/flask-static-optimizer\b"
    )
    files = [ROOT / "pyproject.toml", *PAGES, *GUIDES, *(ROOT / ".github").rglob("*.*")]
    for file in files:
        for url in said.findall(file.read_text("utf-8")):
            assert url.replace("raw.githubusercontent", "github") == HOME, f"{file}: {url}"
    assert f'Homepage = "{HOME}"' in files[0].read_text("utf-8")


def test_every_page_is_in_the_table_of_contents() -> None:
    index = (ROOT / "docs" / "index.md").read_text("utf-8")
    listed = index.split()
    for page in [*PAGES, *GUIDES]:
        if page.is_relative_to(ROOT / "docs") and page.name != "index.md":
            name = page.relative_to(ROOT / "docs").with_suffix("").as_posix()
            assert name in listed, name
