"""The audit of hand-written ``integrity`` attributes, which a rewritten stylesheet makes wrong."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from jinja2 import Environment, TemplateError, nodes

from ..current import application_root
from .findings import Finding
from .references import mount_of

if TYPE_CHECKING:
    from flask import Flask

    from ...assets.asset import Asset
    from ...assets.mount import Mount
    from ...state import AppState
    from .templates import Templates

_HASH = re.compile(r"(sha256|sha384|sha512)-([A-Za-z0-9+/]+={0,2})")

#: An expression of a template within its text: the number of the expression.
_EXPRESSION = re.compile("\0([0-9]+)\0")


class _Link(NamedTuple):
    """A ``<link>`` with an ``integrity`` attribute that is written out."""

    line: int
    href: str
    integrity: str


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[_Link] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        href, integrity = given.get("href"), given.get("integrity")
        if tag == "link" and href and integrity and _HASH.search(integrity):
            self.found.append(_Link(self.getpos()[0], href.strip(), integrity))


def integrity_findings(state: AppState, app: Flask, templates: Templates) -> Iterator[Finding]:
    """Yield a finding for each hand-written ``integrity`` of a stylesheet that is rewritten.

    Browsers block such a stylesheet, as its bytes are not those of the file.
    """
    root = application_root(app)
    for place, tokens in templates.tokens:
        text, expressions = _flattened(tokens)
        parser = _Links()
        parser.feed(text)
        parser.close()
        for link in parser.found:
            for mount, name in _files(state, app.jinja_env, link.href, expressions, root):
                asset = state.catalogue.find(mount, name)
                if asset is None or asset.sha256 == asset.snapshot.sha256:
                    continue  # it is not there, or goes out as it is
                if not _is_of(asset, link.integrity):
                    rule = f'{{"{mount.endpoint}:{name}": {{"rewrite": False}}}}'
                    yield Finding(
                        "integrity",
                        "error",
                        "a template has a hand-written integrity of a stylesheet whose references"
                        " are given fingerprints, so browsers block it",
                        f"STATIC_OPTIMIZER_RULES = {rule}, or write integrity="
                        f"\"{{{{ static_integrity('{name}', '{mount.endpoint}') }}}}\"",
                        [f"{place}:{link.line}: {name}"],
                    )


def _flattened(tokens: Sequence[tuple[int, str, str]]) -> tuple[str, list[str]]:
    """Return a template as HTML with placeholders for its expressions, and the expressions."""
    parts: list[str] = []
    expressions: list[str] = []
    inside: list[str] | None = None
    for _, kind, text in tokens:
        if kind == "variable_begin":
            inside = []
        elif kind == "variable_end":
            parts.append(f"\0{len(expressions)}\0")
            expressions.append("".join(inside or ()))
            inside = None
        elif inside is not None:
            inside.append(text)
            parts.append("\n" * text.count("\n"))  # so that lines stay what they are
        else:
            parts.append(text if kind == "data" else "\n" * text.count("\n"))
    return "".join(parts), expressions


def _files(
    state: AppState, environment: Environment, href: str, expressions: Sequence[str], root: str
) -> Iterator[tuple[Mount, str]]:
    """Yield the files to which the ``href`` of a link may lead."""
    numbers = _EXPRESSION.findall(href)
    for number in numbers:
        yield from _named(state, environment, expressions[int(number)])
    if not numbers:
        try:
            parts = urlsplit(href)
        except ValueError:  # no URL, such as "//["
            return
        found = mount_of(state, unquote(parts.path).removeprefix(root))
        if found is not None and not parts.netloc:
            yield found


def _named(
    state: AppState, environment: Environment, expression: str
) -> Iterator[tuple[Mount, str]]:
    """Yield the files that are named by each ``url_for`` in an expression of a template."""
    begin, end = environment.variable_start_string, environment.variable_end_string
    try:
        tree = environment.parse(f"{begin}{expression}{end}")
    except TemplateError:  # rendering fails, too
        return
    for call in tree.find_all(nodes.Call):
        if not (isinstance(call.node, nodes.Name) and call.node.name == "url_for" and call.args):
            continue
        given = [call.args[0], *(pair.value for pair in call.kwargs if pair.key == "filename")]
        values = [each.value for each in given if isinstance(each, nodes.Const)]
        if len(values) != 2 or not all(isinstance(value, str) for value in values):
            continue
        endpoint, name = values
        for mount in state.endpoints.mounts():
            # An endpoint that begins with a dot is relative to a blueprint that is not known here.
            relative = endpoint[:1] == "." and f".{mount.endpoint}".endswith(endpoint)
            if mount.endpoint == endpoint or relative:
                yield mount, name


def _is_of(asset: Asset, integrity: str) -> bool:
    """Return whether one of the hashes of an ``integrity`` attribute is that of the bytes."""
    data = asset.read()
    return any(
        base64.b64encode(hashlib.new(algorithm, data).digest()).decode() == value
        for algorithm, value in _HASH.findall(integrity)
    )
