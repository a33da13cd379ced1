"""Checks of single configuration values. The error of each says which values are valid."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Literal, TypeAlias, TypeGuard

from ..http.codings import available, install_hint
from .errors import ConfigurationError, nearest
from .policy import boolean

FingerprintMode: TypeAlias = Literal["query", "path"]
FINGERPRINT_MODES: tuple[FingerprintMode, ...] = ("query", "path")

SendfileHeader: TypeAlias = Literal["X-Accel-Redirect", "X-Sendfile"]
#: nginx takes the URL path of an internal location in its field. Other servers take the path of a
#: file in theirs.
X_ACCEL: SendfileHeader = "X-Accel-Redirect"
X_SENDFILE: SendfileHeader = "X-Sendfile"

_URL_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")

_SERVER_URL = re.compile(r"https?://[A-Za-z0-9.\[\]:_-]+(?:/[A-Za-z0-9._~-]+)*/?")

#: Content codings, best first.
CODINGS = ("zstd", "br", "gzip")

#: Kinds of assets that can be preloaded.
PRELOADS = ("style", "script", "module", "font", "image")


def fingerprint(where: str, value: object) -> FingerprintMode | None:
    """Check where ``url_for`` puts fingerprints; return ``None`` for nowhere."""
    for mode in FINGERPRINT_MODES:
        if value == mode:
            return mode
    if value is not False:
        raise ConfigurationError(f"{where} is {value!r}: give 'query', 'path' or False.")
    return None


def _strings(where: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(name, str) for name in value):
        raise ConfigurationError(f"{where} is {value!r}: give a list of strings.")
    return tuple(dict.fromkeys(value))


def manifests(where: str, value: object) -> tuple[str, ...]:
    """Check a list of file names relative to a static folder."""
    names = _strings(where, value)
    for name in names:
        if not name or name.startswith("/") or ".." in name.split("/"):
            raise ConfigurationError(
                f"{where} holds {name!r}: name files relative to a static folder, such as"
                " 'dist/.vite/manifest.json'."
            )
    return names


def _chosen(where: str, value: object, choices: tuple[str, ...]) -> tuple[str, ...]:
    names = _strings(where, value)
    for name in names:
        if name not in choices:
            raise ConfigurationError(f"{where} holds {name!r}; {nearest(name, choices)}")
    return names


def encodings(where: str, value: object) -> tuple[str, ...]:
    """Check a list of content codings, which must be installed, best first."""
    names = _chosen(where, value, CODINGS)
    for name in names:
        if name not in available():
            raise ConfigurationError(f"{where} holds {name!r}: {install_hint(name)}")
    return names


def delta(where: str, value: object) -> bool:
    """Check whether deltas are wanted, which need zstd."""
    wanted = boolean(where, value)
    if wanted and "zstd" not in available():
        raise ConfigurationError(f"{where} needs zstd: {install_hint('zstd')}")
    return wanted


def preload(where: str, value: object) -> tuple[str, ...]:
    """Check a list of the kinds of assets to preload."""
    return () if value is False else _chosen(where, value, PRELOADS)


def at_least(least: int, unit: str) -> Callable[[str, object], int]:
    """Make a check of whole numbers.

    :param least: the smallest valid number.
    :param unit: the unit to name in errors.
    """

    def number(where: str, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ConfigurationError(
                f"{where} is {value!r}: give a whole number of {unit}, {least} or more."
            )
        return value

    return number


def folder(where: str, value: object) -> str:
    """Check the absolute path of a folder."""
    if not isinstance(value, (str, os.PathLike)) or not os.path.isabs(value):
        raise ConfigurationError(f"{where} is {value!r}: give the absolute path of a folder.")
    return os.fspath(value)


def sendfile(where: str, value: object) -> SendfileHeader | None:
    """Check the header field that hands a file to a front server; return ``None`` for none."""
    for header in (X_ACCEL, X_SENDFILE):
        if value == header:
            return header
    if value is not False:
        raise ConfigurationError(
            f"{where} is {value!r}: give 'X-Accel-Redirect' (nginx), 'X-Sendfile' (Apache,"
            " lighttpd) or False."
        )
    return None


def is_url_path(value: object) -> TypeGuard[str]:
    """Return whether a value is the path of a URL that a route can have."""
    return (
        isinstance(value, str)
        and _URL_PATH.fullmatch(value) is not None
        and {".", ".."}.isdisjoint(value.split("/"))
    )


def url_path(where: str, value: object) -> str | None:
    """Check the URL path of a route that the extension adds; return ``None`` for no route."""
    if value is False:
        return None
    if not is_url_path(value):
        raise ConfigurationError(
            f"{where} is {value!r}: give a path such as '/-/static-optimizer' (letters, digits and"
            " '-._~' between slashes) or False."
        )
    return value


def server_url(where: str, value: object) -> str | None:
    """Check the URL of a server, without a slash at its end; return ``None`` for none."""
    if value is False:
        return None
    if not isinstance(value, str) or not _SERVER_URL.fullmatch(value):
        raise ConfigurationError(
            f"{where} is {value!r}: give a URL such as 'http://localhost:5173', with the path of"
            " Vite's 'base' if that is set, or False."
        )
    return value.rstrip("/")


def header_value(where: str, value: object) -> str:
    """Check the value of a header field."""
    if (
        not isinstance(value, str)
        or not value.strip()
        or not (value.isascii() and value.isprintable())
    ):
        raise ConfigurationError(
            f"{where} is {value!r}: give a header value such as 'max-age=86400'."
        )
    return value.strip()
