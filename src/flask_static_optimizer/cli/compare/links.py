"""The URLs that a browser fetches for a page: those in HTML, in stylesheets and in ES modules."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from html.parser import HTMLParser
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

from ...assets.css import BrokenStylesheetError, references

#: The ``rel`` values of ``<link>`` under which a browser fetches what is linked.
_FETCHED = {"stylesheet", "icon", "manifest", "modulepreload", "preload"}

#: The formats of fonts, best first. A browser takes the first that it knows.
_FONTS = (".woff2", ".woff", ".ttf", ".otf", ".eot")

#: The specifier of a static import, or of an export from another module.
_IMPORTED = re.compile(
    r"""(?:^|[;}\s/])(?:import|export)(?:[\w$\s{},*]*[\s}*]from)?\s*(["'])(?P<url>[^"'\n]+)\1"""
)


class Link(NamedTuple):
    """A URL that a browser fetches, with fragment, and what is in it: if it is to be looked at."""

    url: str
    #: ``"css"``, ``"module"`` or ``""``.
    kind: str = ""


class Markup(NamedTuple):
    """The links of a page, and its import map."""

    links: list[Link]
    imports: dict[str, str]

    def module_links(self, source: str, base: str) -> list[Link]:
        """Return the modules that a module imports.

        :param source: the source text.
        :param base: the URL of the module, or of the page for a script in it.
        """
        found = (match["url"] for match in _IMPORTED.finditer(source))
        urls = (self._resolved(specifier, base) for specifier in found)
        return [Link(url, "module") for url in urls if url]

    def _resolved(self, specifier: str, base: str) -> str | None:
        """Return the URL that a specifier leads to (HTML, "resolve a module specifier")."""
        is_url = specifier.startswith(("/", "./", "../")) or ":" in specifier
        key = _joined(base, specifier) if is_url else specifier
        for known, url in sorted(self.imports.items(), reverse=True):
            if key == known:
                return url
            if known.endswith("/") and key.startswith(known):
                return _joined(url, key[len(known) :])
        return key if is_url else None


def html_links(html: str, base: str) -> Markup:
    """Return what a browser fetches for a page, without what scripts ask for.

    Of a ``srcset`` that is the first candidate, in place of ``src``.

    :param html: the page.
    :param base: its URL.
    """
    reader = _Reader(base)
    reader.feed(html)
    reader.close()
    markup = Markup(reader.links, reader.imports)
    for source in reader.modules:
        markup.links.extend(markup.module_links(source, reader.base))
    return markup


def css_links(source: bytes, base: str) -> list[Link]:
    """Return what a browser may fetch for a stylesheet: of each font the best format.

    :param source: the stylesheet. One that can't be parsed has no links.
    :param base: its URL, or that of the page for a style in it.
    """
    try:
        urls = (_joined(base, reference.url) for reference in references(source))
        found = [url for url in urls if url]
    except (BrokenStylesheetError, ValueError):
        return []
    return [Link(url, "css" if _path(url).endswith(".css") else "") for url in _best_fonts(found)]


def _best_fonts(urls: Iterable[str]) -> list[str]:
    kept: dict[str, tuple[int, str]] = {}
    for url in urls:
        stem, dot, extension = _path(url).rpartition(".")
        rank = _FONTS.index(dot + extension) if dot + extension in _FONTS else None
        # The names of a font's formats differ by their extension alone, fingerprints apart.
        key = url if rank is None else re.sub(r"\.[0-9a-f]{16}$", "", stem)
        if key not in kept or (rank is not None and rank < kept[key][0]):
            kept[key] = (rank or 0, url)
    return [url for _, url in kept.values()]


def _path(url: str) -> str:
    return urlsplit(url).path.lower()


class _Reader(HTMLParser):
    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base
        self.links: list[Link] = []
        self.imports: dict[str, str] = {}
        self.modules: list[str] = []
        self._inside = ""
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        kind = values.get("type", "").strip().lower()
        if tag == "base" and values.get("href"):
            self.base = _joined(self.base, values["href"]) or self.base
        elif tag == "link":
            self._link(values)
        elif tag == "script":
            is_module = kind == "module"
            if values.get("src"):
                if kind in ("", "module") or "javascript" in kind:
                    self._add(values["src"], "module" if is_module else "")
            elif is_module or kind == "importmap":
                self._begin(kind)
        elif tag == "style":
            self._begin("css")
        elif tag == "img" or (tag == "input" and kind == "image"):
            first = values.get("srcset", "").strip().split(" ")[0].rstrip(",")
            # A lazy picture is asked for when it comes into view.
            if values.get("loading", "").lower() != "lazy":
                self._add(first or values.get("src", ""))
        if values.get("poster"):
            self._add(values["poster"])
        if values.get("style"):
            self._style(values["style"])

    def handle_data(self, data: str) -> None:
        if self._inside:
            self._text.append(data)

    def handle_endtag(self, _: str) -> None:
        inside, self._inside = self._inside, ""
        text = "".join(self._text)
        if inside == "css":
            self._style(text)
        elif inside == "module":
            self.modules.append(text)
        elif inside == "importmap":
            self._map(text)

    def _begin(self, kind: str) -> None:
        self._inside, self._text = kind, []

    def _link(self, values: dict[str, str]) -> None:
        rel = set(values.get("rel", "").lower().split())
        if _FETCHED.isdisjoint(rel) or "alternate" in rel:
            return
        is_module = "modulepreload" in rel
        self._add(
            values.get("href", ""), "css" if "stylesheet" in rel else "module" if is_module else ""
        )

    def _style(self, source: str) -> None:
        self.links.extend(css_links(source.encode(), self.base))

    def _map(self, text: str) -> None:
        try:
            found: Any = json.loads(text)
            pairs = dict(found["imports"]).items()
        except (ValueError, KeyError, TypeError):  # browsers ignore it, too
            return
        for key, url in pairs:
            whole = _joined(self.base, key) if key.startswith(("/", "./", "../")) else key
            self.imports.setdefault(whole, _joined(self.base, str(url)))

    def _add(self, url: str, kind: str = "") -> None:
        found = _joined(self.base, url.strip()) if url.strip() else ""
        if found:
            self.links.append(Link(found, kind))


def _joined(base: str, url: str) -> str:
    """Return a URL of a page as a whole one; empty if it is none, as browsers pass it over."""
    try:
        return urljoin(base, url)
    except ValueError:
        return ""
