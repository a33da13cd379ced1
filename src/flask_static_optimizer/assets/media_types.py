"""Media types by file name, the same on every system."""

from __future__ import annotations

import mimetypes
import posixpath

from werkzeug.utils import get_content_type

#: The media types that are missing in some systems' tables, or differ between them.
_TYPES = {
    ".avif": "image/avif",
    ".css": "text/css",
    ".gif": "image/gif",
    ".htm": "text/html",
    ".html": "text/html",
    ".ico": "image/vnd.microsoft.icon",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript",
    ".otf": "font/otf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".txt": "text/plain",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".xml": "text/xml",
}

#: The media types of what breaks where an old file meets new ones: documents that name other
#: files, and data that scripts load. Names stand here where systems give no type, or several.
#: What is not listed looks old at worst.
_BREAKS_BY_TYPE = frozenset(
    {
        "application/json",
        "application/wasm",
        "application/xhtml+xml",
        "application/xml",
        "text/csv",
        "text/html",
        "text/tab-separated-values",
        "text/xml",
    }
)
_BREAKS_BY_SUFFIX = ("+json", "+xml")
_BREAKS_BY_NAME = frozenset(
    {
        ".csv",
        ".data",  # what Emscripten's programs load
        ".geojson",
        ".gltf",
        ".json5",
        ".jsonl",
        ".ndjson",
        ".topojson",
        ".tsv",
        ".yaml",
        ".yml",
    }
)


def breaks_when_old(name: str, content_type: str) -> bool:
    """Return whether pages may break while a browser has an old version of a file.

    Of JavaScript the media type says nothing: see :mod:`.javascript`.

    :param content_type: the value of ``Content-Type``.
    """
    kind = content_type.partition(";")[0].strip().lower()
    return (
        kind in _BREAKS_BY_TYPE
        or (kind.endswith(_BREAKS_BY_SUFFIX) and not kind.startswith("image/"))
        or posixpath.splitext(name)[1].lower() in _BREAKS_BY_NAME
    )


def is_stylesheet(name: str) -> bool:
    """Return whether a file is a stylesheet, by the end of its name."""
    suffix = posixpath.splitext(name)[1].lower()
    return (_TYPES.get(suffix) or mimetypes.types_map.get(suffix)) == "text/css"


def media_type(name: str) -> tuple[str, str | None]:
    """Return the ``Content-Type`` value of a file, and the content coding that its name implies.

    Flask's ``send_file`` does the same: ``.tar.gz`` is a tar file in gzip.
    """
    known = _TYPES.get(posixpath.splitext(name)[1].lower())
    guessed, coding = mimetypes.guess_type(posixpath.basename(name))
    if known is not None:
        guessed, coding = known, None
    return get_content_type(guessed or "application/octet-stream", "utf-8"), coding
