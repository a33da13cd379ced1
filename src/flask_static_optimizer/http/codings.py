"""Content codings (RFC 9110 §8.4.1, RFC 7932, RFC 8878) by name."""

from __future__ import annotations

import gzip
import importlib
import zlib
from contextlib import suppress
from io import BytesIO
from typing import Any

_SUFFIXES = {"zstd": ".zst", "br": ".br", "gzip": ".gz"}

#: The size of the zstd window as a power of two. Every browser can decode 8 MiB (RFC 9659 §3).
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
    """Import and return the first of some modules that is installed, or return ``None``."""
    for name in names:
        with suppress(ModuleNotFoundError):
            return importlib.import_module(name)
    return None


zstd = _import("compression.zstd", "backports.zstd")
_brotli = _import("brotli", "brotlicffi")
if _brotli is not None and not hasattr(_brotli.Decompressor, "can_accept_more_data"):
    _brotli = None  # before 1.2 it can't decode a body without making all that it may become


def available() -> tuple[str, ...]:
    """Return the content codings that can be made with what is installed."""
    found = {"zstd": zstd is not None, "br": _brotli is not None, "gzip": True}
    return tuple(coding for coding, there in found.items() if there)


def install_hint(coding: str) -> str:
    """Return a sentence that says how to install what a missing coding needs."""
    package = {"zstd": "backports.zstd", "br": "brotli 1.2 or later"}[coding]
    return f"{package} is not installed; pip install 'flask-static-optimizer[compress]'."


def suffix(coding: str) -> str:
    """Return the suffix that the name of a file in a coding has, such as ``.gz``."""
    return _SUFFIXES[coding]


def suffixes() -> tuple[str, ...]:
    """Return the suffixes of all codings, those that can't be made here among them."""
    return tuple(_SUFFIXES.values())


def is_compressible(content_type: str) -> bool:
    """Return whether bytes of a media type are likely to get smaller by a coding."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind.startswith("text/") or kind in _CODED_TYPES or kind.endswith(("+json", "+xml"))


def compress(coding: str, data: bytes, *, best: bool) -> bytes:
    """Compress bytes; the result is the same on every host with the same library.

    :param best: whether to make it as small as possible, which takes seconds for some MB, instead
        of being quick.
    """
    if coding == "gzip":
        return gzip.compress(data, 9 if best else 6, mtime=0)
    if coding == "br":
        return bytes(_brotli.compress(data, quality=11 if best else 5))
    parameter = zstd.CompressionParameter
    options = {parameter.compression_level: 19 if best else 9, parameter.window_log: _WINDOW}
    return bytes(zstd.compress(data, options=options))


def decompress(coding: str, body: bytes, limit: int | None = None) -> bytes:
    """Decompress a body.

    :param limit: the number of bytes above which the rest is not decoded. A few kB can stand for
        gigabytes.
    :raises ValueError: if the body stands for more bytes than the limit.
    :raises Exception: an error of the coding's library, if the body is not in that coding.
    """
    if limit is None:
        if coding == "gzip":
            return gzip.decompress(body)
        if coding == "deflate":  # which is not offered, but hooks may have used it
            return zlib.decompress(body)
        return bytes((_brotli if coding == "br" else zstd).decompress(body))
    data = _begin(coding, body, limit + 1)
    if len(data) > limit:
        raise ValueError(f"the body stands for more than {limit} bytes")
    return data


def _begin(coding: str, body: bytes, size: int) -> bytes:
    """Decompress the beginning of a body, and all of it if it is shorter than a size in bytes.

    :raises Exception: as :func:`decompress`.
    """
    if coding == "gzip":
        return gzip.GzipFile(fileobj=BytesIO(body)).read(size)
    if coding == "deflate":
        inflater = zlib.decompressobj()
        data = inflater.decompress(body, size)
        if len(data) < size and (not inflater.eof or inflater.unused_data):
            raise EOFError("the body is cut, or has something behind it")
        return data
    if coding == "zstd":
        # The window of 8 MiB is all that a browser allocates, and so is all that is taken here.
        largest = {zstd.DecompressionParameter.window_log_max: _WINDOW}
        return bytes(zstd.ZstdFile(BytesIO(body), options=largest).read(size))
    decoder = _brotli.Decompressor()
    data = decoder.process(body, output_buffer_limit=size)
    while len(data) < size and not decoder.is_finished():
        if decoder.can_accept_more_data():
            raise EOFError("the body is cut")
        data += decoder.process(b"", output_buffer_limit=size - len(data))
    return bytes(data)


def worth_it(size: int, coded: int) -> bool:
    """Return whether a coded body is smaller by at least 5 %, so that decoding pays.

    :param size: the number of bytes without the coding.
    :param coded: the number of bytes in it.
    """
    return coded <= size * 0.95
