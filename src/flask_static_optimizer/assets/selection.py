"""Which representation of an asset answers a request."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from io import FileIO
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from werkzeug.http import http_date

from ..http.bodies import CHUNK, FileSlice
from ..http.negotiation import accepted
from .delta import DELTA, parse_available, pattern, use_as_dictionary
from .files import FileChangingError, Identity, read_part, unchanged
from .memory import SMALL
from .urls import PARAMETER
from .variant import BEING_MADE

if TYPE_CHECKING:
    from .asset import Asset
    from .mount import Mount
    from .urls import Located
    from .variant import Variant
    from .variants import VariantMaker

#: What asks about the representation that would be chosen now.
_OF_NOW = frozenset({"HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE"})

#: Lists of header fields remembered for each asset.
_REMEMBERED = 64


class Selected(NamedTuple):
    """One representation of an asset."""

    asset: Asset
    #: ``None``: without a content coding.
    variant: Variant | None
    #: What the choice depended on.
    vary: tuple[str, ...]
    #: The URLs for which a browser may use this as a dictionary (RFC 9842 §2.1.1).
    dictionary: str | None = None
    #: Whether the next one who asks may get another, although nothing has changed.
    is_temporary: bool = False

    @property
    def etag(self) -> str:
        """The strong validator of this representation (RFC 9110 §8.8.3)."""
        return self.variant.etag if self.variant else self.asset.etag

    @property
    def size(self) -> int:
        """Bytes of this representation."""
        return len(self.variant.body) if self.variant else self.asset.size

    @property
    def in_memory(self) -> bytes | None:
        """The body, unless it is in a file to be opened."""
        if self.variant is not None:
            return self.variant.body
        return self.asset.held if self.asset.body is None else self.asset.body

    def saved(self, *, unmodified: bool) -> int:
        """Return the bytes that a 304 or the content coding kept from being sent."""
        return self.asset.size - (0 if unmodified else self.size)

    def headers(self, cache_control: str, vary: tuple[str, ...]) -> list[tuple[str, str]]:
        """What a 200 says of it."""
        key = (self.variant and self.variant.etag, self.vary, self.dictionary, cache_control, vary)
        found = self.asset.headers.get(key)
        if found is None:
            if len(self.asset.headers) >= _REMEMBERED:  # a proxy may say endless prefixes
                self.asset.headers.clear()
            found = self.asset.headers[key] = self._headers(cache_control, vary)
        return found

    def _headers(self, cache_control: str, vary: tuple[str, ...]) -> list[tuple[str, str]]:
        asset, variant = self.asset, self.variant
        headers = [
            ("Content-Type", asset.content_type),
            ("Content-Length", str(self.size)),
            ("ETag", self.etag),
            ("Cache-Control", cache_control),
            ("Accept-Ranges", "bytes"),
        ]
        if asset.last_modified is not None:
            headers.append(("Last-Modified", http_date(asset.last_modified)))
        coding = variant.coding if variant else asset.named_coding
        if coding:
            headers.append(("Content-Encoding", coding))
        if self.vary or vary:
            headers.append(("Vary", ", ".join(dict.fromkeys((*self.vary, *vary)))))
        if self.dictionary:
            headers.append(("Use-As-Dictionary", self.dictionary))
        return headers

    def part(self, start: int, stop: int) -> bytes | FileSlice:
        """The bytes from one position to another.

        :raises FileChangingError: if the file has been replaced since it was looked up.
        :raises OSError: if it can't be read.
        """
        body = self.in_memory
        if body is not None:
            return body[start:stop]
        if stop - start > CHUNK:
            opened = self.open()
            return (
                opened.cut(start, stop) if isinstance(opened, FileSlice) else opened[0][start:stop]
            )
        return read_part(self.asset.path, self.asset.snapshot.identity, start, stop)

    def open(self) -> list[bytes] | FileSlice:
        """The body.

        :raises FileChangingError: if the file has been replaced since it was looked up.
        :raises OSError: if it can't be read.
        """
        body = self.in_memory
        if body is not None:
            return [body]
        asset = self.asset
        file = _open(asset.path)
        try:
            state = os.fstat(file.fileno())
            if Identity.of(state) != asset.snapshot.identity:
                raise FileChangingError(f"{asset.path} has been replaced")
            if state.st_size > SMALL:
                return FileSlice(file, 0, state.st_size, partial(_check, file, state))
            data = file.read(state.st_size + 1)
            _check(file, state)
        except BaseException:
            file.close()
            raise
        file.close()
        return [data]


def _open(path: str) -> FileIO:
    try:
        return open(path, "rb", buffering=0)
    except FileNotFoundError:
        raise FileChangingError(f"{path} is gone") from None


def select(
    variants: VariantMaker, mount: Mount, located: Located, environ: Mapping[str, Any]
) -> Selected:
    """Choose the representation that a request is to get (RFC 9110 §12.5.3).

    A part is one of what the whole would be now (§14.2), unless its ``If-Range`` names another
    representation that the client began with. Beside ``If-None-Match`` or ``If-Modified-Since`` it
    chooses nothing: these ask about what would be chosen now.
    """
    asset = located.asset
    coded = variants.of(asset)
    versions = _pattern(environ, asset) if variants.deltas and located.verified else None
    deltas = versions is not None and variants.keep_version(mount, asset)
    if not coded and not deltas and coded is not BEING_MADE:
        return Selected(asset, None, ())
    if versions is None or not deltas:
        vary: tuple[str, ...] = ("Accept-Encoding",)
        dictionary = None
    else:
        vary = ("Accept-Encoding", "Available-Dictionary")
        dictionary = use_as_dictionary(versions)
    acceptable = accepted(environ.get("HTTP_ACCEPT_ENCODING"), variants.offered)
    if "HTTP_RANGE" in environ and environ.keys().isdisjoint(_OF_NOW):
        begun = environ.get("HTTP_IF_RANGE")
        if begun == asset.etag:
            return Selected(asset, None, vary, dictionary)
        for coding in acceptable:
            if coding in coded and coded[coding].etag == begun:
                return Selected(asset, coded[coding], vary, dictionary)
    if deltas and DELTA in acceptable:
        known = parse_available(environ.get("HTTP_AVAILABLE_DICTIONARY"))
        delta = known and variants.delta(mount, asset, known)
        if delta:
            return Selected(asset, delta, vary, dictionary)
    for coding in acceptable:
        if coding == "identity":
            break
        if coding in coded:
            return Selected(asset, coded[coding], vary, dictionary)
    return Selected(asset, None, vary, dictionary, is_temporary=coded is BEING_MADE)


def _pattern(environ: Mapping[str, Any], asset: Asset) -> str | None:
    """The URLs of all versions of what was asked for, where our fingerprint tells them apart.

    They are relative to its own URL. What comes before is not said: where it depends on a proxy's
    word (``X-Forwarded-Prefix``), a client's could get into a shared cache.
    """
    raw = environ.get("PATH_INFO", "").rpartition("/")[2]
    name = pattern(quote(raw.encode("latin-1"), safe="!$&'()*+,;=:@~"))
    if f".{asset.fingerprint}" in name:
        return name.replace(f".{asset.fingerprint}", ".*")
    queried = asset.fingerprint in environ.get("QUERY_STRING", "")
    return f"{name}?{PARAMETER}=*" if queried else None


def _check(file: FileIO, state: os.stat_result) -> None:
    if not unchanged(state, os.fstat(file.fileno())):
        raise FileChangingError(
            f"{file.name!r} was rewritten in place while it was sent, so the response ends short."
            " Put new files into place by renaming them."
        )
