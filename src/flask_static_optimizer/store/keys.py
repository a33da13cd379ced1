"""The keys of stored responses, and the keys of what they can be purged by."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from ..http.negotiation import IDENTITY, accepted

#: The most characters of path, query and script root together in a URL whose response is stored.
LONGEST = 4096

#: The most characters of what a hash is remembered of. Clients can write any number of long ones.
_SHORT = 512

#: Header fields in which a proxy says which URL the visitor sees. A client may have made them up.
#: They are part of the key, since a view may build URLs from them, trusted or not.
_FORWARDED = (
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PREFIX",
    "HTTP_X_FORWARDED_PROTO",
)

#: The part of a key by which it is known as that of a path.
_PATH = ":p:"

_CODINGS = ("zstd", "br", "gzip", "deflate")

#: Separators of a list, with the white space around them that means nothing (RFC 9110 §5.6.1,
#: §5.6.6).
_BETWEEN = re.compile(r"[ \t]*([,;])[ \t]*")

#: Request header fields whose names in the WSGI environ do not begin with ``HTTP_``.
_ENVIRON = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


class Keys:
    """The keys of one app.

    :param namespace: strings that distinguish this app from others that use the same backend.
    """

    def __init__(self, namespace: tuple[str, ...]) -> None:
        self._namespace = _hash(namespace)[:16]
        self._path = f"fso:{self._namespace}{_PATH}"

    def of_request(
        self, environ: Mapping[str, Any], terms: str = "", query: str | None = None
    ) -> str | None:
        """Return the key of a request's URL as it was sent, or ``None`` if it is too long.

        URLs are different if their scheme, host, script root, path or query differ in any way. That
        includes the spelling of the host, since a view may compare hosts as strings.

        :param environ: the WSGI environ of the request.
        :param terms: what the fields of the response depend on besides, as text.
        :param query: what stands in the place of the query.
        """
        get = environ.get
        path, root = get("PATH_INFO", ""), get("SCRIPT_NAME", "")
        if query is None:
            query = get("QUERY_STRING", "")
        if len(path) + len(query) + len(root) > LONGEST:
            return None
        host = get("HTTP_HOST") or f"{get('SERVER_NAME', '')}:{get('SERVER_PORT', '')}"
        scheme = get("wsgi.url_scheme")
        url = (scheme, host, root, path, query, *map(get, _FORWARDED), terms)
        return f"fso:{self._namespace}:{_quick_hash(url)}"

    def of_request_path(self, environ: Mapping[str, Any]) -> str:
        """Return the key that a request's path is purged by."""
        return self.of_path(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""))

    def of_path(self, path: str) -> str:
        """Return the key that a path is purged by.

        :param path: the path as WSGI has it, script root included.
        """
        hashed = _known_path_hash if len(path) <= _SHORT else _path_hash
        return f"{self._path}{hashed(path)}"

    @staticmethod
    def of_terms(said: object) -> str:
        """Return a short text for what the fields of responses depend on.

        :param said: values whose ``repr`` is the same in each process.
        """
        return _hash((repr(said),))[:16]

    def of_purgeable(self, *name: str) -> str:
        """Return the key of the state that an endpoint, a tag or everything is purged by."""
        return f"fso:{self._namespace}:g:{_hash(name)}"


def is_path(key: str) -> bool:
    """Return whether a key is one that a path is purged by."""
    return _PATH in key


def of_states(path: str) -> tuple[str, str]:
    """Return the keys of the two states of a path.

    :param path: the key that the path is purged by.
    """
    return path + ":0", path + ":1"


def of_variant(key: str, names: Iterable[str], environ: Mapping[str, Any]) -> str:
    """Return the key of the variant of a URL that a request selects (RFC 9111 §4.1).

    :param key: the key of the URL.
    :param names: the names of the header fields that its responses vary by, in lower case.
    :param environ: the WSGI environ of the request.
    """
    fields = [f"{name}:{_selecting(name, environ)}" for name in sorted(names)]
    selecting = _hash(tuple(fields))
    return f"{key}:{selecting[:32]}"


def tells_coding(codings: str, environ: Mapping[str, Any]) -> bool:
    """Return whether all clients with a request's key accept the codings of its response.

    The key of a variant names the usual codings only, however many others a client lists.

    :param codings: the ``Content-Encoding`` of a response that varies by ``Accept-Encoding``.
    :param environ: the WSGI environ of the request.
    """
    known = {IDENTITY, *accepted(environ.get("HTTP_ACCEPT_ENCODING"), _CODINGS)}
    return all(coding.strip(" \t").lower() in known for coding in codings.split(","))


def of_lock(key: str) -> str:
    """Return the key of the lock that a process holds while it makes the response of a key."""
    return f"{key}:f"


def _selecting(name: str, environ: Mapping[str, Any]) -> str:
    """Return the value of a request's header field, in one spelling for all of the same meaning.

    Only the values of known fields are normalized. A view may read any other differently, and
    then the client that sends an unusual spelling would choose what others get.
    """
    value = environ.get(_ENVIRON.get(name) or "HTTP_" + name.upper().replace("-", "_"))
    if value is None:
        return ""
    if name == "accept-encoding":
        return ",".join(accepted(value, _CODINGS))
    text = str(value).strip(" \t")
    if name == "accept-language" and '"' not in text:  # all of the field is case-insensitive
        return _BETWEEN.sub(r"\1", text).lower()
    return text


def _quick_hash(parts: tuple[str | None, ...]) -> str:
    """Return what :func:`_hash` returns, which is remembered for short strings."""
    is_short = sum(map(len, filter(None, parts))) <= _SHORT
    return _known_hash(parts) if is_short else _hash(parts)


def _path_hash(path: str) -> str:
    return hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def _hash(parts: tuple[str | None, ...]) -> str:
    """Return a hash of strings that depends on where one ends and the next begins."""
    return hashlib.sha256(ascii(parts).encode()).hexdigest()[:40]


# Each request for a stored response asks for one of each.
_known_hash = lru_cache(maxsize=2048)(_hash)
_known_path_hash = lru_cache(maxsize=2048)(_path_hash)
