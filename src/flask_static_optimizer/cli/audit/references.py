"""The audit of URLs in templates and stylesheets that lead to static files, or to none."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from ...assets.css import BrokenStylesheetError, references, resolve
from ...assets.missing import leads_somewhere
from ..current import application_root
from .findings import Finding

if TYPE_CHECKING:
    from flask import Flask

    from ...assets.asset import Asset
    from ...assets.mount import Mount
    from ...state import AppState
    from .templates import Templates


def template_findings(state: AppState, app: Flask, templates: Templates) -> Iterator[Finding]:
    """Yield a finding for each URL in a template that leads to no file, or is in plain text."""
    root = application_root(app)
    for url, place in templates.plain:
        yield from url_findings(state, url.removeprefix(root), place)
    for built in templates.built:
        name = built.values.get("filename")
        if isinstance(name, str) and _is_missing(state, built.endpoint, name):
            yield _not_there(f"{built.place}: url_for({built.endpoint!r}, filename={name!r})")


def _is_missing(state: AppState, endpoint: str, name: str) -> bool:
    """Return whether the URL of a file of an endpoint leads to none."""
    # An endpoint that begins with a dot is relative to a blueprint that is not known here.
    meant = [
        mount
        for mount in state.endpoints.mounts()
        if mount.endpoint == endpoint
        or (endpoint[:1] == "." and f".{mount.endpoint}".endswith(endpoint))
    ]
    return bool(meant) and not any(
        mount.has(name)
        or leads_somewhere(mount, name)
        or not _is_audited(state, mount.endpoint, name)
        for mount in meant
    )


def url_findings(state: AppState, url: str, place: str) -> Iterator[Finding]:
    """Yield what is wrong with a URL in plain text, if it is below a static folder.

    :param url: the URL, without the application root.
    :param place: where it stands.
    """
    try:
        parts = urlsplit(url)
    except ValueError:  # text that only looks like a URL, such as the XPath //*[contains(
        return
    found = mount_of(state, unquote(parts.path))
    if found is None:
        return
    mount, name = found
    if not _is_audited(state, mount.endpoint, name):
        return
    here = [f"{place}: {url}"]
    asset = _find(state, mount, name)
    if asset is None and not mount.has(name):
        yield _not_there(*here)
    elif (
        asset is not None
        and not parts.query
        and mount.is_shared(name)
        and state.settings.fingerprint
        and state.catalogue.takes_fingerprint(mount, asset)
    ):
        yield Finding(
            "hard-coded-url",
            "warning",
            "a template has the URL of a static file in plain text, which is not immutable",
            f"write {{{{ url_for('{mount.endpoint}', filename='…') }}}}",
            here,
        )


def stylesheet_findings(
    state: AppState, of: Collection[tuple[str, ...]] | None = None
) -> Iterator[Finding]:
    """Yield a finding for each reference to a missing file and for each broken stylesheet.

    The catalogue has read the stylesheets that were requested, and logged a warning about each of
    these. They are taken from the log, since reading stylesheets again would take long.

    :param of: the endpoints and names of the stylesheets; ``None``: all.
    """

    def is_meant(endpoint: str, name: str) -> bool:
        return (of is None or (endpoint, name) in of) and _is_audited(state, endpoint, name)

    if state.settings.fingerprint is None:
        for mount in state.endpoints.mounts():
            for name in mount.names():
                if name.endswith(".css") and is_meant(mount.endpoint, name):
                    yield from _of_stylesheet(state, mount, name)
        return
    for _, endpoint, name, url in state.log.occasions("reference"):
        if is_meant(endpoint, name):
            yield _missing(f"{endpoint}:{name}: {url}")
    for _, endpoint, name in state.log.occasions("broken"):
        if is_meant(endpoint, name):
            yield _broken(f"{endpoint}:{name}")


def _of_stylesheet(state: AppState, mount: Mount, name: str) -> Iterator[Finding]:
    place = f"{mount.endpoint}:{name}"
    try:
        path = mount.path(name)
        if path is None:
            return
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
        if leads is not None and not leads[0].has(leads[1]):
            yield _missing(f"{place}: {reference.url}")


def _is_audited(state: AppState, endpoint: str, name: str) -> bool:
    """Return whether no rule says ``{"audit": False}`` of a file."""
    found = state.endpoints.get(endpoint)
    policy = None if found is None else found.policy({"filename": name})
    return policy is None or policy.audit


def _find(state: AppState, mount: Mount, name: str) -> Asset | None:
    try:
        return state.catalogue.find(mount, name)
    except OSError:  # the request for the file reports it
        return None


def _not_there(place: str) -> Finding:
    return Finding(
        "missing-file",
        "error",
        "a template names a static file that is not there",
        "correct the URL or add the file",
        [place],
    )


def _missing(place: str) -> Finding:
    return Finding(
        "missing-reference",
        "error",
        "a stylesheet refers to a file that is not there",
        'correct the reference or add the file; a rule {"audit": False} for a file of others',
        [place],
    )


def _broken(place: str) -> Finding:
    return Finding(
        "broken-stylesheet",
        "warning",
        "a stylesheet can't be understood, so that its references have no fingerprints",
        'correct it; a rule {"audit": False} for a file of others',
        [place],
    )


def mount_of(state: AppState, path: str) -> tuple[Mount, str] | None:
    """Return the static folder that a URL path leads to, and the name of the file there."""
    for mount in sorted(state.endpoints.mounts(), key=lambda mount: -len(mount.prefix or "")):
        # Below a folder that is served at the root are all other routes of the app, too.
        if mount.prefix and path.startswith(mount.prefix):
            name = path[len(mount.prefix) :]
            return (mount, name) if mount.prefix != "/" or mount.has(name) else None
    return None
