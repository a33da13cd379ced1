"""The traits of each peer, found by asking it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from cases import CASES, CODED, LARGE, SMALL, TWINS
from visitor import Answer, Visitor

#: Makes a file's URL.
Link = Callable[[str], str]


def validates_bytes(visitor: Visitor, link: Link) -> bool:
    """Check that equal bytes have equal ETags, whenever they were written."""
    first, second = (visitor.ask(link(name)).headers.get("etag") for name in TWINS)
    return first is not None and first == second


def codes(visitor: Visitor, link: Link) -> bool:
    return _coded(visitor, link).headers.get("content-encoding") == "br"


def tells_codings_apart(visitor: Visitor, link: Link) -> bool | None:
    """Check that each coding has an ETag of its own (RFC 9110 §8.8.3.3)."""
    if not codes(visitor, link):
        return None
    return _coded(visitor, link).headers["etag"] != visitor.ask(link(SMALL)).headers["etag"]


def reads_lists(visitor: Visitor, link: Link) -> bool:
    """Check that If-None-Match may be a list, compared weakly (RFC 9110 §13.1.2)."""
    etag = visitor.ask(link(SMALL)).headers["etag"]
    return visitor.ask(link(SMALL), {"If-None-Match": f'"other", W/{etag}'}).status == 304


def honours_if_range(visitor: Visitor, link: Link) -> bool:
    """Check that a part of another version is not sent (RFC 9110 §13.1.5)."""
    headers = {"Range": "bytes=5-", "If-Range": '"older"'}
    return visitor.ask(link(LARGE), headers).status == 200


def sends_parts(visitor: Visitor, link: Link) -> bool:
    return visitor.ask(link(LARGE), {"Range": "bytes=0-9,500-599"}).status == 206


def is_cacheable_by_all(visitor: Visitor, link: Link) -> bool:
    """Check that nothing of the visitor is in the response."""
    headers = visitor.ask(link(SMALL)).headers
    return "set-cookie" not in headers and "cookie" not in headers.get("vary", "").lower()


def lasts(visitor: Visitor, link: Link) -> bool:
    """Check that a file at the peer's own URL need not be asked for again."""
    return "immutable" in visitor.ask(link(SMALL)).headers.get("cache-control", "")


def sees_changes(visitor: Visitor, folder: Path) -> bool | str:
    """Check that a file which changes while the app runs is sent whole, with another ETag."""
    file = folder / "static" / TWINS[1]
    before, kept = visitor.ask(f"/static/{TWINS[1]}"), file.read_bytes()
    file.write_bytes(kept + b"b { color: blue }")
    try:
        if _is_sent(visitor, file, before):
            return True
        time.sleep(1.1)
        return "in a second" if _is_sent(visitor, file, before) else False
    finally:
        file.write_bytes(kept)


def _is_sent(visitor: Visitor, file: Path, before: Answer) -> bool:
    after, body = visitor.ask(f"/static/{file.name}"), file.read_bytes()
    said = int(after.headers.get("content-length", len(after.body)))
    is_new = after.headers["etag"] != before.headers["etag"]
    return is_new and after.body == body and said == len(body)


def _coded(visitor: Visitor, link: Link) -> Answer:
    return visitor.ask(link(SMALL), CASES[CODED].headers(visitor.ask(link(SMALL))))


TRAITS: dict[str, Callable[[Visitor, Link], bool | None]] = {
    "ETag of the bytes": validates_bytes,
    "br": codes,
    "ETag per encoding": tells_codings_apart,
    "ETag lists, W/": reads_lists,
    "If-Range": honours_if_range,
    "several ranges": sends_parts,
    "no cookies": is_cacheable_by_all,
    "immutable URLs": lasts,
}

CHANGES = "changed files without a restart"


def traits(visitor: Visitor, link: Link, folder: Path) -> dict[str, bool | str | None]:
    """Return all traits by name; ``None`` where there is nothing to speak of."""
    found: dict[str, bool | str | None] = {name: has(visitor, link) for name, has in TRAITS.items()}
    found[CHANGES] = sees_changes(visitor, folder)
    return found
