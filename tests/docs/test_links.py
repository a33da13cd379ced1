"""Links between pages lead to files and headings that are there, as they are read in a checkout.

The site's own links are checked when it is built: there a warning is an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from mdit_py_plugins.anchors import anchors_plugin

from docs.pages import GUIDES, PAGES, ROOT

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
        if link.startswith(("https://", "http://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_file(), f"{link}: there is no such file"
        assert not anchor or anchor in anchors(target), f"{link}: there is no such heading"


def test_every_page_is_in_the_table_of_contents() -> None:
    index = (ROOT / "docs" / "index.md").read_text("utf-8")
    listed = index.split()
    for page in [*PAGES, *GUIDES]:
        if page.is_relative_to(ROOT / "docs") and page.name != "index.md":
            name = page.relative_to(ROOT / "docs").with_suffix("").as_posix()
            assert name in listed, name
