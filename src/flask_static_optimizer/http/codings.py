"""Content codings (RFC 9110 §8.4.1, RFC 7932, RFC 8878) by name."""

from __future__ import annotations

import gzip
import importlib
from contextlib import suppress
from typing import Any

_SUFFIXES = {"zstd": ".zst", "br": ".br", "gzip": ".gz"}

#: Bits of zstd's window that every browser decodes: 8 MiB (RFC 9659 §3).
_WINDOW = 23

_CODED_TYPES = frozenset(
    {
        "application/javascript",
        "application/json",
        "application/manifest+json",
        "application/vnd.ms-fontobject",
        "application/wasm",
        "application/x-javascript",
        "application/xml",
        "font/otf",
        "font/ttf",
        "image/bmp",
        "image/svg+xml",
        "image/vnd.microsoft.icon",
        "image/x-icon",
    }
)


def _import(*names: str) -> Any:
    """The first of some modules that is installed, if any."""
    for name in names:
        with suppress(ModuleNotFoundError):
            return importlib.import_module(name)
    return None


zstd = _import("compression.zstd", "backports.zstd")
_brotli = _import("brotli", "brotlicffi")


def available() -> tuple[str, ...]:
    """The codings that can be made here."""
    found = {"zstd": zstd is not None, "br": _brotli is not None, "gzip": True}
    return tuple(coding for coding, there in found.items() if there)


def install_hint(coding: str) -> str:
    """What to do about a coding that is not available."""
    package = {"zstd": "backports.zstd", "br": "brotli"}[coding]
    return f"{package} is not installed; pip install 'flask-static-optimizer[codings]'."


def suffix(coding: str) -> str:
    """What the name of a file in a coding ends with."""
    return _SUFFIXES[coding]


def is_compressible(content_type: str) -> bool:
    """Whether bytes of a media type are likely to get smaller."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind.startswith("text/") or kind in _CODED_TYPES or kind.endswith(("+json", "+xml"))


def compress(coding: str, data: bytes, *, best: bool) -> bytes:
    """The data in a coding; the same on every host.

    :param best: as small as can be, which takes seconds for a few MB; else quick.
    """
    if coding == "gzip":
        return gzip.compress(data, 9 if best else 6, mtime=0)
    if coding == "br":
        return bytes(_brotli.compress(data, quality=11 if best else 5))
    parameter = zstd.CompressionParameter
    options = {parameter.compression_level: 19 if best else 9, parameter.window_log: _WINDOW}
    return bytes(zstd.compress(data, options=options))


def decompress(coding: str, body: bytes) -> bytes:
    """What a coded body decodes to.

    :raises Exception: an error of the coding's library, if it is not in that coding.
    """
    if coding == "gzip":
        return gzip.decompress(body)
    return bytes((_brotli if coding == "br" else zstd).decompress(body))


def worth_it(data: bytes, body: bytes) -> bool:
    """Whether a coded body saves enough (one part in twenty) to be decoded for."""
    return len(body) <= len(data) * 0.95
