"""The audit of URLs in templates and stylesheets that lead to static files, or to none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from jinja2 import TemplateError

from ...assets.css import BrokenStylesheetError, references, resolve
from ..current import application_root
from .findings import Finding

if TYPE_CHECKING:
    from flask import Flask

    from ...assets.mount import Mount
    from ...state import AppState

#: A URL path in HTML or CSS, which begins after a quote, a bracket, an equals sign, a comma or a
#: space.
_URL = re.compile(r"(?<=[\"'(=\s,])/[^\"'()<>\s]+")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def template_findings(state: AppState, app: Flask) -> Iterator[Finding]:
    """Yield a finding for each URL in the text of a template that should be made by ``url_for``."""
    root = application_root(app)
    for place, tokens in lexed(app):
        for line, kind, text in tokens:
            if kind != "data":
                continue
            for found in _URL.finditer(_COMMENT.sub(_blank, text)):
                there = line + text.count("\n", 0, found.start())
                yield from _judged(state, found[0].removeprefix(root), f"{place}:{there}")


def lexed(app: Flask) -> Iterator[tuple[str, list[tuple[int, str, str]]]]:
    """Yield the path of each template and its tokens: line, kind and text."""
    environment = app.jinja_env
    loader = environment.loader
    for template in environment.list_templates() if loader is not None else ():
        assert loader is not None, "it was asked"
        try:
            source, path, _ = loader.get_source(environment, template)
            tokens = list(environment.lex(source, template))
        except (TemplateError, UnicodeDecodeError):  # not a text template; rendering would fail
            continue
        yield path or template, tokens


def _blank(comment: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", comment[0])


def _judged(state: AppState, url: str, place: str) -> Iterator[Finding]:
    parts = urlsplit(url)
    found = mount_of(state, unquote(parts.path))
    if found is None:
        return
    mount, name = found
    here = [f"{place}: {url}"]
    if state.catalogue.find(mount, name) is None:
        yield Finding(
            "missing-file",
            "error",
            "a template names a static file that is not there",
            "correct the URL or add the file",
            here,
        )
    elif not parts.query and mount.is_shared(name) and state.settings.fingerprint:
        asset = state.catalogue.find(mount, name)
        if asset is not None and state.catalogue.takes_fingerprint(mount, asset):
            yield Finding(
                "hard-coded-url",
                "warning",
                "a template has the URL of a static file in plain text, which is not immutable",
                f"write {{{{ url_for('{mount.endpoint}', filename='…') }}}}",
                here,
            )


def stylesheet_findings(state: AppState) -> Iterator[Finding]:
    """Yield a finding for each reference to a missing file and for each broken stylesheet.

    The catalogue has read the stylesheets that were requested, and logged a warning about each of
    these. They are taken from the log, since reading stylesheets again would take long.
    """
    if state.settings.fingerprint is None:
        for mount in state.endpoints.mounts():
            for name in mount.names():
                if name.endswith(".css"):
                    yield from _of_stylesheet(state, mount, name)
        return
    for _, endpoint, name, url in state.log.occasions("reference"):
        yield _missing(f"{endpoint}:{name}: {url}")
    for _, endpoint, name in state.log.occasions("broken"):
        yield _broken(f"{endpoint}:{name}")


def _of_stylesheet(state: AppState, mount: Mount, name: str) -> Iterator[Finding]:
    place = f"{mount.endpoint}:{name}"
    path = mount.path(name)
    if path is None:
        return
    try:
        with open(path, "rb") as file:
            found = references(file.read())
    except OSError:  # the request for the file reports it
        return
    except BrokenStylesheetError as error:
        yield _broken(f"{place}: {error}")
        return
    prefix = mount.prefix or "/ /"
    for reference in found:
        target = resolve(prefix + name, reference.url)
        if target is None:
            continue
        inside = target.path.startswith(prefix)
        leads = (mount, target.path[len(prefix) :]) if inside else mount_of(state, target.path)
        if leads is not None and state.catalogue.find(*leads) is None:
            yield _missing(f"{place}: {reference.url}")


def _missing(place: str) -> Finding:
    return Finding(
        "missing-reference",
        "error",
        "a stylesheet refers to a file that is not there",
        "correct the reference or add the file",
        [place],
    )


def _broken(place: str) -> Finding:
    return Finding(
        "broken-stylesheet",
        "warning",
        "a stylesheet can't be understood, so that its references have no fingerprints",
        "correct it",
        [place],
    )


def mount_of(state: AppState, path: str) -> tuple[Mount, str] | None:
    """Return the static folder that a URL path leads to, and the name of the file there."""
    for mount in sorted(state.endpoints.mounts(), key=lambda mount: -len(mount.prefix or "")):
        # Below a folder that is served at the root are all other routes of the app, too.
        if mount.prefix and path.startswith(mount.prefix):
            name = path[len(mount.prefix) :]
            return (mount, name) if mount.prefix != "/" or mount.path(name) else None
    return None
