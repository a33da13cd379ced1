"""What apps are asked for: the files, and requests of each kind."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from visitor import Answer

SMALL, LARGE = "site.css", "photo.png"

#: The same bytes under two names, written at different times.
TWINS = ("twin1.css", "twin2.css")


def write_files(folder: Path, photo: bytes) -> None:
    """Write the files of equal content that each peer serves.

    :param photo: a megabyte that can't be compressed.
    """
    folder.mkdir(parents=True)
    rules = (
        f".class-{number} {{ margin: {number}px auto; color: #00{number:04d} }}\n"
        for number in range(450)
    )
    (folder / SMALL).write_text("".join(rules))
    (folder / LARGE).write_bytes(photo)
    for age, name in enumerate(TWINS):
        (folder / name).write_bytes(b"a { color: red }\n" * 50)
        os.utime(folder / name, (1_700_000_000 + age * 86400,) * 2)


@dataclass(frozen=True)
class Case:
    """A request, and the status that it should have."""

    name: str
    file: str
    status: int
    #: Its header fields, made from what the whole file was answered with.
    headers: Callable[[Answer], Mapping[str, str]] = lambda _whole: {}
    #: Whether the server offers ``wsgi.file_wrapper``, and sends the file itself.
    wrapper: bool = False
    #: The coding that the body should have.
    coding: str | None = None


PLAIN, CODED, FILE, WRAPPED = "200, 20 KB", "200, 20 KB in br", "200, 1 MB", "200, 1 MB, sendfile"
BY_ETAG, BY_DATE, PART = "304, If-None-Match", "304, If-Modified-Since", "206, 100 bytes"

CASES: dict[str, Case] = {
    case.name: case
    for case in (
        Case(PLAIN, SMALL, 200),
        Case(CODED, SMALL, 200, lambda _: {"Accept-Encoding": "br"}, coding="br"),
        Case(FILE, LARGE, 200),
        Case(WRAPPED, LARGE, 200, wrapper=True),
        Case(BY_ETAG, SMALL, 304, lambda whole: {"If-None-Match": whole.headers["etag"]}),
        Case(
            BY_DATE,
            SMALL,
            304,
            lambda whole: {"If-Modified-Since": whole.headers["last-modified"]},
        ),
        Case(PART, LARGE, 206, lambda _: {"Range": "bytes=1000-1099"}),
    )
}
