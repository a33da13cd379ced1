"""The references in a stylesheet, and their replacement without any other change."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urljoin, urlsplit

from . import fingerprints as names

#: A stylesheet without a match refers to no file of its host, and is not parsed. The last two
#: alternatives are CSS escapes, of an ASCII character by number or of a letter, that may hide one.
_MAY_REFER = re.compile(
    rb"url\((?!\s*[\"']?(?:data:|https?:|#))|@import|image-set\("
    rb"|\\0{0,4}[2-7][0-9a-f](?![0-9a-f])|\\[g-z]",
    re.IGNORECASE,
)

_NEWLINE = re.compile(r"\r\n|[\r\n\f]")
_ESCAPE = re.compile(r"\\([0-9a-fA-F]{1,6})(?:\r\n|[ \t\r\n\f])?|\\(\r\n|.)", re.DOTALL)
_STRING = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'", re.DOTALL)
_URL = re.compile(
    r"[^(]*\(\s*((?:[^)\\\s]|\\[0-9a-fA-F]{1,6}(?:\r\n|[ \t\r\n\f])?|\\.)*)\s*\)", re.DOTALL
)
_CHARSET = re.compile(rb"@charset \"([^\"]*)\";", re.IGNORECASE)
_TAKES_URLS = frozenset({"url", "image-set", "-webkit-image-set"})


class BrokenStylesheetError(ValueError):
    """An error for a stylesheet that can't be parsed, with its position."""


class Reference(NamedTuple):
    """A URL in a stylesheet, and its position."""

    #: The positions in bytes at which the URL begins and ends, without its quotes.
    start: int
    stop: int
    #: The URL, without CSS escapes.
    url: str


class Target(NamedTuple):
    """A place on the same host to which a reference leads."""

    #: The absolute URL path, without percent-encoding.
    path: str


def may_refer(source: bytes) -> bool:
    """Return whether a stylesheet may refer to files, from a quick look."""
    return _MAY_REFER.search(source) is not None


def references(source: bytes) -> list[Reference]:
    """Return the URLs in ``url()``, ``@import`` and ``image-set()``, in the order of the source.

    :raises BrokenStylesheetError: if a string, a URL or a bracket does not end, or if the encoding
        is not UTF-8 or ASCII.
    """
    if source[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise BrokenStylesheetError("it is in UTF-16; save it as UTF-8")
    charset = _CHARSET.match(source.removeprefix(b"\xef\xbb\xbf"))
    if charset and charset[1].lower() not in (b"utf-8", b"utf8", b"us-ascii", b"ascii"):
        raise BrokenStylesheetError(f"it is in {charset[1].decode('latin-1')}; save it as UTF-8")
    if not may_refer(source):
        return []
    # Only stylesheets that refer to something are parsed; to load the parser takes milliseconds.
    import tinycss2  # type: ignore[import-untyped]

    # In Latin-1 each byte is one character, so positions count bytes. Bytes beyond ASCII are
    # part of a name, in Latin-1 as in UTF-8.
    text = source.decode("latin-1")
    lines = [0, *(newline.end() for newline in _NEWLINE.finditer(text))]
    tokens = tinycss2.parse_component_value_list(text, skip_comments=True)
    return [
        _read(text, lines[token.source_line - 1] + token.source_column - 1)
        for token in _referring(tokens)
    ]


def rewrite(
    source: bytes, found: Iterable[Reference], replace: Callable[[Reference], str | None]
) -> bytes:
    """Return the stylesheet with some URLs replaced, and every other byte unchanged.

    :param found: the stylesheet's :func:`references`.
    :param replace: returns the new URL of a reference, or ``None`` to keep the old one.
    """
    parts = []
    done = 0
    for reference in found:
        url = replace(reference)
        if url is not None and url != reference.url:
            parts += [source[done : reference.start], _escaped(url)]
            done = reference.stop
    return b"".join([*parts, source[done:]])


def resolve(base: str, url: str) -> Target | None:
    """Return the place to which a reference leads, or ``None`` if it is no file of this host.

    ``None`` stands for ``data:`` and other schemes, other hosts, and fragments of the same
    document. A query leads to the same file, as the author uses it as a version (``?v=4.7.0``).

    :param base: the URL path of the stylesheet, without percent-encoding.
    """
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    if parts.scheme or parts.netloc or not parts.path or "\\" in parts.path:
        return None
    if url.strip().startswith("//"):
        return None
    folder = base.rpartition("/")[0]
    path = urljoin(f"{folder}/", parts.path) if parts.path[0] != "/" else urljoin("/", parts.path)
    return Target(unquote(path if path.startswith("/") else f"/{path}"))


def relative(base: str, url: str) -> str:
    """Return a URL that is absolute on its host as one relative to a stylesheet.

    So it leads to the same file below whatever path the host has the site.

    :param base: the URL path of the stylesheet, without percent-encoding.
    """
    url = url.strip()
    if not url.startswith("/"):
        return url
    head = re.match("[^?#]*", url)
    path = head[0] if head else ""
    folder = quote(base.rpartition("/")[0]) or "/"
    found = posixpath.relpath(path, folder)
    # What has a colon in its first part would be read as a URL with a scheme.
    return f"{'./' if ':' in found.partition('/')[0] else ''}{found}{url[len(path) :]}"


def with_fingerprint(url: str, mode: str, fingerprint: str) -> str:
    """Return the URL as its author wrote it, query included, with a fingerprint added.

    A URL whose file name can't take a fingerprint is returned unchanged.

    :param mode: ``"query"`` or ``"path"``.
    """
    head, hash_mark, fragment = url.partition("#")
    path, question_mark, query = head.partition("?")
    if mode == "query":
        return f"{path}?{query}{query and '&'}v={fingerprint}{hash_mark}{fragment}"
    named = names.insert(path, fingerprint)
    if names.split(unquote(named)) != (unquote(path), fingerprint):  # "x%2Epng"
        return url
    return f"{named}{question_mark}{query}{hash_mark}{fragment}"


class _Level:
    """The tokens between two brackets that have not been read yet.

    :param holds_urls: whether a string at this level is a URL.
    """

    __slots__ = ("holds_urls", "importing", "tokens")

    def __init__(self, tokens: Iterator[Any], *, holds_urls: bool = False) -> None:
        self.tokens = tokens
        self.holds_urls = holds_urls
        #: True if the next token is the URL of an ``@import``.
        self.importing = False


def _referring(tokens: list[Any]) -> Iterator[Any]:
    """Yield the tokens that hold a URL, in order: ``url()`` without quotes, or a string."""
    # A list replaces recursion, because brackets may be nested as deep as a file is long.
    levels = [_Level(iter(tokens))]
    while levels:
        level = levels[-1]
        token = next(level.tokens, None)
        if token is None:
            levels.pop()
            continue
        kind = token.type
        if kind == "error":
            raise BrokenStylesheetError(f"line {token.source_line}: {token.message}")
        if kind == "url" or (kind == "string" and (level.holds_urls or level.importing)):
            yield token
        elif kind == "function":
            levels.append(_Level(iter(token.arguments), holds_urls=token.lower_name in _TAKES_URLS))
        elif kind.endswith("block"):
            levels.append(_Level(iter(token.content)))
        if kind != "whitespace":
            level.importing = kind == "at-keyword" and token.lower_value == "import"


def _read(text: str, start: int) -> Reference:
    found = _STRING.match(text, start) or _URL.match(text, start)
    if found is None:
        raise BrokenStylesheetError(f"{text[start : start + 40]!r} does not end")
    group = found.lastindex or 1
    url = _ESCAPE.sub(_unescaped, found[group]).encode("latin-1", "surrogateescape")
    return Reference(found.start(group), found.end(group), url.decode("utf-8", "replace"))


def _unescaped(escape: re.Match[str]) -> str:
    if escape[1] is None:
        return "" if escape[2] in ("\r\n", "\r", "\n", "\f") else escape[2]
    code = int(escape[1], 16)
    character = chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"
    return character.encode().decode("latin-1")


def _escaped(url: str) -> bytes:
    # A space, a quote or a bracket would end an unquoted URL; its escape is valid everywhere.
    return re.sub(r"[\s\"'()\\\x00-\x1f]", lambda found: f"\\{ord(found[0]):x} ", url).encode()
