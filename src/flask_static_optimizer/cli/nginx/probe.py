"""Requests for the static files of an app, whose responses nginx is to repeat."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...assets.fingerprints import FINGERPRINT_LENGTH
from ...assets.urls import PARAMETER, fingerprints_of
from ..public_files import (
    Fields,
    NotPublicError,
    PublicFile,
    Representation,
    shared_fields,
    urls_of,
)
from ..writing import ChangedBytesError
from .copy import Copy, object_name
from .quoting import is_literal, is_safe_path

if TYPE_CHECKING:
    from flask import Flask

    from ...assets.mount import Mount
    from ...state import AppState

#: A fingerprint that no file has: its URL is one of another version.
_OF_OTHERS = "0" * FINGERPRINT_LENGTH


@dataclass(frozen=True, slots=True)
class CopiedBody:
    """A representation: the bytes of a file in one content coding."""

    #: The ``Content-Encoding`` value; empty if there is none.
    coding: str
    object: str


@dataclass(frozen=True, slots=True)
class Location:
    """A URL path with all that nginx needs to answer for it."""

    #: The path, percent-encoded and with the application root.
    path: str
    content_type: str
    last_modified: str
    #: The representation for clients that accept no coding, and those by coding.
    identity: CopiedBody
    coded: dict[str, CopiedBody]
    #: The other header fields of the URL without a query, with the right fingerprint (``verified``)
    #: and with a wrong one (``other``).
    plain: Fields
    fingerprint: str | None = None
    verified: Fields | None = None
    other: Fields | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A URL path that the app has to answer for, and the reason."""

    path: str
    reason: str


def locations(
    state: AppState, app: Flask, mount: Mount, names: Iterable[str], copy: Copy
) -> Iterator[Location | Refused]:
    """Request the files of one folder, copy them, and yield how nginx is to answer for each.

    :param state: the parts of the extension.
    :param app: the app.
    :param mount: the folder.
    :param names: the names of its files.
    :param copy: the copy that nginx serves from.
    :raises OSError: if the copy can't be written.
    """
    for name in names:
        plain, best = urls_of(app, mount, name)
        yield _located(state, app, copy, plain, best)
        if best != plain and "?" not in best:
            yield _located(state, app, copy, best, best)


def root_paths(state: AppState, root: str) -> list[str]:
    """Return the URL paths of the files that are served at the root of the site.

    :param root: the application root.
    """
    endpoints = filter(None, map(state.endpoints.get, state.endpoints.names()))
    return [root + each.root_file.path for each in endpoints if each.root_file and each.mount]


def root_locations(
    state: AppState, app: Flask, root: str, copy: Copy
) -> Iterator[Location | Refused]:
    """Do as :func:`locations` for the files that are served at the root of the site.

    :param root: the application root.
    :raises OSError: if the copy can't be written.
    """
    for path in root_paths(state, root):
        yield _located(state, app, copy, path, path)


def _located(state: AppState, app: Flask, copy: Copy, plain: str, best: str) -> Location | Refused:
    try:
        return _location(PublicFile(state, app, plain), copy, plain, best)
    except NotPublicError as error:
        return Refused(plain, str(error))


def _location(file: PublicFile, copy: Copy, url: str, best: str) -> Location:
    if not is_safe_path(url):
        raise NotPublicError("its URL has characters that nginx gives a meaning")
    first: Representation | None = None
    kept: dict[str, CopiedBody] = {}
    for found in file.representations():
        with found.response.reading() as chunks:
            if first is None:
                _check_sayable(found.fields)
                if found.response.headers.get("Content-Length") == "0":
                    reason = "it is empty, and nginx takes any range of it for the whole"
                    raise NotPublicError(reason)
            name = object_name(found.etag, found.content_type)
            try:
                copy.put(name, found.etag, chunks)
            except ChangedBytesError:
                raise NotPublicError("its bytes are not those of its ETag") from None
        kept[found.accepted] = CopiedBody(found.coding, name)
        first = first or found
    assert first is not None, "there is a response without a coding"
    fingerprint = _fingerprint(best)
    return Location(
        path=url,
        content_type=first.content_type,
        last_modified=first.response.headers.get("Last-Modified", ""),
        identity=kept.pop(""),
        coded=kept,
        plain=first.fields,
        fingerprint=fingerprint,
        verified=_fields_at(file, fingerprint) if fingerprint else None,
        other=_fields_at(file, _OF_OTHERS) if fingerprint else None,
    )


def _fields_at(file: PublicFile, fingerprint: str) -> Fields:
    fields = shared_fields(file.ask(method="HEAD", query=f"?{PARAMETER}={fingerprint}"))
    _check_sayable(fields)
    return fields


def _check_sayable(fields: Fields) -> None:
    for name, value in fields:
        if not is_literal(value):
            raise NotPublicError(f"nginx can't say its header field {name}")


def _fingerprint(url: str) -> str | None:
    given = fingerprints_of(url.partition("?")[2])
    return given[-1] if given else None
