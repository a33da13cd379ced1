"""The pages of the documentation and the blocks of code in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]

#: Where a page stands to be read; the guides are programs from their first block to the last.
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
GUIDES = sorted((ROOT / "docs" / "guides").glob("*.md"))

#: Before a block: the block goes on from the one before; it can't be run, and why.
_CONTINUES = re.compile(r"<!-- continues(, in a request)? -->")
_NOT_RUN = re.compile(r"<!-- not run: (.+) -->")

_markdown = MarkdownIt("commonmark")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    source: str
    #: The comment right before it.
    comment: str = ""

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def not_run(self) -> str | None:
        """Return the reason why it can't be run, if it can't."""
        found = _NOT_RUN.fullmatch(self.comment)
        return found[1] if found else None

    @property
    def continues(self) -> bool:
        return _CONTINUES.fullmatch(self.comment) is not None

    @property
    def in_request(self) -> bool:
        found = _CONTINUES.fullmatch(self.comment)
        return found is not None and found[1] is not None


def blocks_of(page: Path) -> list[Block]:
    """Return all code blocks of a page, but for the site's own directives (``{toctree}``)."""
    blocks: list[Block] = []
    comment = ""
    for token in _markdown.parse(page.read_text("utf-8")):
        if token.type == "fence" and not token.info.startswith("{"):
            assert token.map is not None
            blocks.append(Block(page, token.map[0] + 1, token.info, token.content, comment))
        comment = token.content.strip() if token.type == "html_block" else ""
    return blocks


def runs_of(page: Path) -> list[list[Block]]:
    """Group blocks that belong together: a page of fragments has many runs, a guide is one."""
    runs: list[list[Block]] = []
    for block in blocks_of(page):
        if runs and block.continues:
            runs[-1].append(block)
        else:
            runs.append([block])
    return runs
