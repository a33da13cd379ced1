"""The audit of templates that load ES modules without the import map that the app announces."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from jinja2 import meta, nodes

from ...config.names import PREFIX
from .findings import Finding

if TYPE_CHECKING:
    from ...state import AppState

#: A tag that loads a module, and the attribute that says it is another site's.
_MODULE = re.compile(
    r"<script\b[^>]*\stype\s*=\s*[\"']?module\b[^>]*>"
    r"|<link\b[^>]*\srel\s*=\s*[\"']?modulepreload\b[^>]*>",
    re.IGNORECASE,
)
_FOREIGN = re.compile(r"\s(?:src|href)\s*=\s*[\"']?(?:https?:)?//", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_OWN_MAP = re.compile(r"\stype\s*=\s*[\"']?importmap\b", re.IGNORECASE)


class Loading(NamedTuple):
    """A template, by what it does about ES modules."""

    path: str
    #: The line of the first module; ``None`` if it loads none.
    line: int | None
    has_map: bool
    #: The templates that it extends, includes or imports; ``None`` for one that a variable names.
    refers: frozenset[str | None]


def read_loading(
    path: str, parsed: nodes.Template, tokens: Iterable[tuple[int, str, str]]
) -> Loading:
    """Read what a template does about ES modules."""
    text, starts = "", []
    for line, kind, part in tokens:
        if kind == "data":
            starts.append((len(text), line))
        # An expression may have a ">" in it, and stand within a tag.
        text += part if kind == "data" else " "
    text = _COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
    first = next((tag for tag in _MODULE.finditer(text) if not _FOREIGN.search(tag[0])), None)
    line_of = None
    if first is not None:
        start, line = [each for each in starts if each[0] <= first.start()][-1]
        line_of = line + text.count("\n", start, first.start())
    named = any(name.name == "static_importmap" for name in parsed.find_all(nodes.Name))
    refers = frozenset(meta.find_referenced_templates(parsed))
    return Loading(path, line_of, named or bool(_OWN_MAP.search(text)), refers)


def import_map_findings(state: AppState, loadings: Mapping[str, Loading]) -> Iterator[Finding]:
    """Yield a finding for each template whose modules come without the import map.

    A page is made of a template and of all that it extends and includes; the map may be in any.

    :param loadings: what each template does, by its name.
    """
    if not state.settings.importmap or state.settings.fingerprint is None:
        return
    reached = {name: _reached(name, loadings) for name in loadings}
    inner = {each for name in loadings for each in loadings[name].refers if each != name}
    for name, loading in loadings.items():
        if loading.line is None:
            continue
        pages = [page for page in loadings if page not in inner and name in reached[page]]
        for page in pages or [name]:
            parts = [loadings.get(each) if each else None for each in reached[page]]
            # What a variable names, or no loader lists, may have the map.
            if any(part is None or part.has_map for part in parts):
                continue
            within = "" if page == name else f" (in {loadings[page].path})"
            yield Finding(
                "import-map-missing",
                "warning",
                f"{PREFIX}IMPORTMAP is True, and a template loads ES modules without the map: what"
                " they import is asked for on each visit, and may run twice",
                "put {{ static_importmap() }} before the first module, best into the layout that"
                " all pages extend",
                [f"{loading.path}:{loading.line}{within}"],
            )


def _reached(name: str, loadings: Mapping[str, Loading]) -> dict[str | None, None]:
    """Return a template and all that it extends, includes or imports."""
    found: dict[str | None, None] = {name: None}
    waiting: list[str | None] = [name]
    for each in waiting:
        loading = loadings.get(each) if each else None
        for other in loading.refers if loading else ():
            if other not in found:
                found[other] = None
                waiting.append(other)
    return found
