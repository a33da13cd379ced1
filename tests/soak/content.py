"""The bytes of files, routes and pages, by version, known to the app and to those who ask it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

_VERSION = re.compile(rb"^/\* (\S+) version (\d+) \*/\n")

#: A fingerprint that the extension has put behind a reference of a stylesheet.
_REFERENCE = re.compile(rb"\?v=([0-9a-f]{16})")


@dataclass(frozen=True)
class File:
    """A file of a static folder."""

    endpoint: str
    name: str
    size: int
    #: Code at its beginning.
    code: str = ""
    #: The name of the file beside it that a stylesheet refers to.
    refers: str = ""

    @property
    def path(self) -> str:
        return f"{self._folder}/{self.name}"

    @property
    def referred(self) -> str:
        """Return the path of the file that a stylesheet refers to."""
        return f"{self._folder}/{self.refers}"

    @property
    def _folder(self) -> str:
        return "/static" if self.endpoint == "static" else "/shop/static"


FILES: dict[str, File] = {
    file.path: file
    for file in (
        File("static", "logo.svg", 2_000),
        File("static", "app.css", 9_000, refers="logo.svg"),
        File("static", "app.js", 20_000, "alert(1);"),
        File("static", "module.js", 4_000, "export default 1;"),
        File("static", "data.json", 4_000),
        File("static", "photo.bin", 200_000),
        # More than is held in memory, so that it is read from the file each time.
        File("static", "film.bin", 1_300_000),
        File("shop.static", "cart.svg", 2_000),
        File("shop.static", "shop.css", 9_000, refers="cart.svg"),
    )
}


class Resource(NamedTuple):
    """What a stored route shows."""

    kind: str
    number: int

    @property
    def path(self) -> str:
        suffix = ".svg" if self.kind == "charts" else ""
        return f"/{self.kind}/{self.number}{suffix}"


#: How many there are of each kind. Few, so that they are asked for while they are changed.
RESOURCES: tuple[Resource, ...] = tuple(
    Resource(kind, number)
    for kind, count in (("items", 12), ("charts", 6), ("quotes", 6), ("news", 2))
    for number in range(count)
)

LANGUAGES = ("en", "de")


@lru_cache(maxsize=256)
def file_body(path: str, version: int) -> bytes:
    """Return the bytes of a version of a file, of which every line is its own."""
    file = FILES[path]
    code = f"a {{ background: url({file.refers}) }}" if file.refers else file.code
    head = f"/* {path} version {version} */\n{code}\n".encode()
    filling = hashlib.shake_256(head).digest(file.size)
    if not path.endswith(".bin"):
        filling = _lines(filling[: file.size // 2])
    return head + filling


def version_of(data: bytes) -> int | None:
    """Return the version that a file says it is."""
    found = _VERSION.match(data)
    return int(found[2]) if found else None


def without_fingerprints(data: bytes) -> tuple[bytes, list[str]]:
    """Return a stylesheet as it was written, and the fingerprints that were put into it."""
    return _REFERENCE.sub(b"", data), [each.decode() for each in _REFERENCE.findall(data)]


def route_body(resource: Resource, version: int, language: str) -> str:
    """Return what a stored route shows of a version."""
    shown = language if resource.kind == "items" else "all"
    head = f"{resource.kind} {resource.number} version {version} for {shown}\n"
    return head + hashlib.shake_256(head.encode()).hexdigest(1_000)


def shown_version(text: str) -> int | None:
    found = re.match(r"\w+ \d+ version (\d+) for ", text)
    return int(found[1]) if found else None


def page_body(name: str, visits: int, links: Sequence[str]) -> str:
    """Return a user's page: the name, how often it was seen, a secret and links to files."""
    secret = hashlib.sha256(name.encode()).hexdigest()
    return "\n".join([f"{name} {visits}", secret, *links])


def own_picture(name: str) -> str:
    """Return what the protected route shows a user."""
    return f"<svg><!-- {name} {hashlib.sha256(name.encode()).hexdigest()} --></svg>"


def _lines(filling: bytes) -> bytes:
    text = filling.hex()
    return "".join(f"/* {text[at : at + 60]} */\n" for at in range(0, len(text), 60)).encode()
