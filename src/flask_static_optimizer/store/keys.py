"""Under which keys responses are kept, and what they are purged by."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any
from zlib import crc32

from ..http.negotiation import IDENTITY, accepted

#: Characters of path and query together up to which a URL is stored at all.
LONGEST = 4096

#: What a proxy in front of us may have sent of the URL that the visitor sees, or a client made
#: up. A view may build URLs from it whether or not the app trusts it.
_FORWARDED = (
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PREFIX",
    "HTTP_X_FORWARDED_PROTO",
)

_CODINGS = ("zstd", "br", "gzip", "deflate")

#: Where a list may have white space that means nothing (RFC 9110 §5.6.1, §5.6.6).
_BETWEEN = re.compile(r"[ \t]*([,;])[ \t]*")

#: Request fields that WSGI keeps under names of their own.
_ENVIRON = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


class Keys:
    """The keys of one app.

    :param namespace: what sets this app apart from others that use the same backend.
    :param paths: into how many groups paths are put for purging. A group is purged as a whole:
        if each path had a state of its own, whoever asks for many paths would fill the backend.
    """

    def __init__(self, namespace: tuple[str, ...], paths: int) -> None:
        self._namespace = _hash(namespace)[:16]
        self._paths = paths

    def of_request(self, environ: Mapping[str, Any]) -> str | None:
        """The key of a request's URL, as it was sent; ``None`` if it is too long to be stored.

        Another host, scheme, script root or order of the query is another URL; so is another
        spelling of a host, as a view that compares hosts may not know it.
        """
        get = environ.get
        path, query, root = get("PATH_INFO", ""), get("QUERY_STRING", ""), get("SCRIPT_NAME", "")
        if len(path) + len(query) + len(root) > LONGEST:
            return None
        host = get("HTTP_HOST") or f"{get('SERVER_NAME', '')}:{get('SERVER_PORT', '')}"
        scheme = get("wsgi.url_scheme")
        url = (scheme, host, root, path, query, *map(get, _FORWARDED))
        return f"fso:{self._namespace}:{_hash(url)}"

    def of_path(self, environ: Mapping[str, Any]) -> str:
        """The key of the state of a request's path, for purging."""
        return self.of_group(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""))

    def of_group(self, path: str) -> str:
        """The key of the state of a path, as WSGI has it, and of some others, for purging."""
        group = crc32(path.encode("utf-8", "surrogatepass")) % self._paths
        return f"fso:{self._namespace}:g:{group}"

    def of_purgeable(self, *name: str) -> str:
        """The key of the state of something that can be purged."""
        return f"fso:{self._namespace}:g:{_hash(name)}"


def of_variant(key: str, names: Iterable[str], environ: Mapping[str, Any]) -> str:
    """The key of the variant of a URL that a request selects (RFC 9111 §4.1).

    :param key: of the URL.
    :param names: of the header fields that its responses vary by, in lower case.
    """
    fields = [f"{name}:{_selecting(name, environ)}" for name in sorted(names)]
    selecting = _hash(tuple(fields))
    return f"{key}:{selecting[:32]}"


def tells_coding(codings: str, environ: Mapping[str, Any]) -> bool:
    """Whether all who take a response's coding, and no others, have the key of a request.

    Keys know the usual codings only, however many others a client lists.

    :param codings: the ``Content-Encoding`` of a response that varies by ``Accept-Encoding``.
    """
    known = {IDENTITY, *accepted(environ.get("HTTP_ACCEPT_ENCODING"), _CODINGS)}
    return all(coding.strip(" \t").lower() in known for coding in codings.split(","))


def of_lock(key: str) -> str:
    """The key of the lock of whoever makes what is missing at another."""
    return f"{key}:f"


def _selecting(name: str, environ: Mapping[str, Any]) -> str:
    """What a header field of a request means, in one of its many spellings.

    What a view may read in another way stays as it is: whoever sends it would choose what others
    get.
    """
    value = environ.get(_ENVIRON.get(name) or "HTTP_" + name.upper().replace("-", "_"))
    if value is None:
        return ""
    if name == "accept-encoding":
        return ",".join(accepted(value, _CODINGS))
    text = str(value).strip(" \t")
    if name == "accept-language" and '"' not in text:  # all of it is insensitive to case
        return _BETWEEN.sub(r"\1", text).lower()
    return text


def _hash(parts: tuple[str | None, ...]) -> str:
    """A hash of some strings, of which no other strings have the same."""
    return hashlib.sha256(ascii(parts).encode()).hexdigest()[:40]
