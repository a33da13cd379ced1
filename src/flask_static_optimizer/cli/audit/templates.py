"""The URLs in an app's templates: those in plain text, and those that ``url_for`` makes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from jinja2 import TemplateError, nodes

from .findings import Finding
from .import_maps import Loading, read_loading

if TYPE_CHECKING:
    from flask import Flask
    from jinja2 import BaseLoader, Environment

#: A URL path in HTML or CSS, which begins after a quote, a bracket, an equals sign, a comma or a
#: space.
_URL = re.compile(r"(?<=[\"'(=\s,])/[^\"'()<>\s]+")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


#: A relative URL in an attribute, without a dot and a slash at its beginning.
_RELATIVE = re.compile(
    r"\b(?:src|href)\s*=\s*[\"']?(?:\./)?(?![a-z][a-z0-9+.-]*:)([^\"'<>\s/#?.][^\"'<>\s]*)",
    re.IGNORECASE,
)


class PlainURL(NamedTuple):
    """A URL that a template has as text."""

    url: str
    #: The file and the line.
    place: str


class BuiltURL(NamedTuple):
    """A URL that a template makes by ``url_for``, with all values written out."""

    endpoint: str
    values: Mapping[str, Any]
    #: The file and the line.
    place: str


class LoadedEntry(NamedTuple):
    """A bundler's entry that a template loads by ``static_entry``, with its name written out."""

    name: str
    endpoint: str | None
    #: The file and the line.
    place: str


class Templates(NamedTuple):
    """The URLs in all templates of an app."""

    plain: list[PlainURL]
    built: list[BuiltURL]
    #: The relative URLs of files. Where they lead depends on the page; mostly it is at the root.
    relative: list[str]
    #: A note for each template that can't be read.
    findings: list[Finding]
    #: The path of each template, and its tokens: line, kind and text.
    tokens: list[tuple[str, list[tuple[int, str, str]]]]
    entries: list[LoadedEntry]
    #: What each template, by its name, does about ES modules.
    loadings: dict[str, Loading]


def read_templates(app: Flask) -> Templates:
    """Read all templates of an app and its blueprints that their loaders can list."""
    found = Templates([], [], [], [], [], [], {})
    environment = app.jinja_env
    loader = environment.loader
    try:
        listed = [] if loader is None else environment.list_templates()
    except TypeError as error:
        found.findings.append(_unread(str(error)))
        return found
    for name in listed:
        assert loader is not None, "it was asked"
        try:
            _read(environment, loader, name, found)
        # Besides errors of Jinja: a picture beside the templates, a file without permission.
        except (TemplateError, UnicodeError, OSError, RecursionError) as error:
            (reason, *_) = str(error).splitlines() or [type(error).__name__]
            found.findings.append(_unread(f"{name}: {reason}"))
    return found


def _read(environment: Environment, loader: BaseLoader, name: str, found: Templates) -> None:
    source, path, _ = loader.get_source(environment, name)
    tokens = list(environment.lex(source, name))
    texts = [(line, _COMMENT.sub(_blank, text)) for line, kind, text in tokens if kind == "data"]
    plain = [
        PlainURL(url[0], f"{path or name}:{line + text.count(chr(10), 0, url.start())}")
        for line, text in texts
        for url in _URL.finditer(text)
    ]
    parsed = environment.parse(source, name)
    built = list(_built(parsed, path or name))
    found.entries.extend(_entries(parsed, path or name))
    found.loadings[name] = read_loading(path or name, parsed, tokens)
    found.tokens.append((path or name, tokens))
    found.plain.extend(plain)
    found.relative.extend(url for _, text in texts for url in _RELATIVE.findall(text))
    found.built.extend(built)


def _built(template: nodes.Template, path: str) -> Iterator[BuiltURL]:
    for call in _calls(template, "url_for"):
        try:
            names = [each.as_const() for each in call.args]
            values = dict(each.as_const() for each in call.kwargs)
        except nodes.Impossible:  # a variable, which only the view knows
            continue
        if len(names) == 1 and isinstance(names[0], str) and not call.dyn_kwargs:
            yield BuiltURL(names[0], values, f"{path}:{call.lineno}")


def _entries(template: nodes.Template, path: str) -> Iterator[LoadedEntry]:
    for call in _calls(template, "static_entry"):
        endpoints = [each.value for each in call.kwargs if each.key == "endpoint"]
        endpoint = endpoints[0] if endpoints else nodes.Const(None)
        if not isinstance(endpoint, nodes.Const) or call.dyn_kwargs:
            continue
        for each in call.args:
            if isinstance(each, nodes.Const) and isinstance(each.value, str):
                yield LoadedEntry(each.value, endpoint.value, f"{path}:{call.lineno}")


def _calls(template: nodes.Template, name: str) -> Iterator[nodes.Call]:
    for call in template.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == name:
            yield call


def _blank(comment: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", comment[0])


def _unread(place: str) -> Finding:
    return Finding(
        "template-unread",
        "note",
        "a template can't be read, so that its URLs were not looked at",
        "correct it, or move what is no template out of the folder",
        [place],
    )
