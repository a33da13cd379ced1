"""The requests that apps are asked: the files, and each kind of request."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from visitor import Answer

SMALL, LARGE, HUGE = "site.css", "photo.png", "film.webm"

#: The same bytes under two names, written at different times.
TWINS = ("twin1.css", "twin2.css")


def write_files(folder: Path, film: bytes) -> None:
    """Write the files of equal content that each peer serves.

    :param film: four megabytes that can't be compressed.
    """
    folder.mkdir(parents=True)
    rules = (
        f".class-{number} {{ margin: {number}px auto; color: #00{number:04d} }}\n"
        for number in range(450)
    )
    (folder / SMALL).write_text("".join(rules))
    (folder / LARGE).write_bytes(film[: 10**6])
    (folder / HUGE).write_bytes(film)
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
    #: The coding that the body should have.
    coding: str | None = None


PLAIN, CODED, MEGABYTE, FILE = "200, 20 KB", "200, 20 KB in br", "200, 1 MB", "200, 4 MB"
BY_ETAG, BY_DATE, PART = "304, If-None-Match", "304, If-Modified-Since", "206, 100 bytes"

CASES: dict[str, Case] = {
    case.name: case
    for case in (
        Case(PLAIN, SMALL, 200),
        Case(CODED, SMALL, 200, lambda _: {"Accept-Encoding": "br"}, coding="br"),
        Case(MEGABYTE, LARGE, 200),
        Case(FILE, HUGE, 200),
        Case(BY_ETAG, SMALL, 304, lambda whole: {"If-None-Match": whole.headers["etag"]}),
        Case(
            BY_DATE,
            SMALL,
            304,
            lambda whole: {"If-Modified-Since": whole.headers["last-modified"]},
        ),
        Case(PART, HUGE, 206, lambda _: {"Range": "bytes=1000-1099"}),
    )
}
