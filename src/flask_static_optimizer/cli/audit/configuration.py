"""The audit of an app's configuration."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...config.names import PREFIX
from ...http.codings import available, install_hint
from ...requests.unmatched import nearest_key, rules_without_files
from .findings import Finding

if TYPE_CHECKING:
    from flask import Flask

    from ...state import AppState


def configuration_findings(state: AppState, app: Flask) -> Iterator[Finding]:
    """Yield the findings that need no request."""
    if app.debug:
        yield Finding(
            "debug",
            "warning",
            "debug mode is on, in which nothing is kept and nothing is compressed",
            "run without --debug and FLASK_DEBUG where visitors come",
        )
    for key, meant in state.settings.lookalikes(app.config).items():
        yield _unknown_key(key, meant, is_own=state.settings.is_own(key))
    for rule in state.endpoints.unmatched_rules():
        near = nearest_key(state.endpoints, rule)
        meant = f"; did you mean {near!r}?" if near else ""
        yield Finding(
            "rule-unmatched",
            "warning",
            "a rule matches no endpoint",
            f"correct its glob ('flask routes' lists endpoints{meant}) or take it out",
            [rule.where],
        )
    for found in rules_without_files(state.endpoints, whole=True):
        near = f" (did you mean {found.nearest!r}?)" if found.nearest else ","
        yield Finding(
            "rule-unmatched",
            "warning",
            "a rule matches no file",
            f"correct its file glob{near} which is relative to the static folder, or take it out",
            [found.rule.where],
        )
    yield from _root_file_findings(state)
    yield from _file_findings(state)
    if state.settings.vite_server is not None:
        yield Finding(
            "vite-server",
            "warning",
            "STATIC_OPTIMIZER_VITE_SERVER sends visitors to a development server for scripts",
            "leave it out where visitors come",
            [state.settings.vite_server],
        )
    for manifest in state.settings.manifests:
        folders = [mount.folder for mount in state.endpoints.mounts()]
        if not any(os.path.isfile(os.path.join(folder, manifest)) for folder in folders):
            yield Finding(
                "manifest-missing",
                "warning",
                "a manifest of STATIC_OPTIMIZER_MANIFESTS is in no static folder",
                "build it, or correct its name, which is relative to the static folder",
                [manifest],
            )
    for coding in state.settings.encodings:
        if coding not in available():
            yield Finding(
                "coding-missing", "note", f"{coding} is not offered", install_hint(coding)
            )


def _unknown_key(key: str, meant: str, *, is_own: bool) -> Finding:
    """Return the finding for a key that looks like a setting and is none.

    :param meant: the key of the setting that it may be meant for; empty if it is like none.
    :param is_own: whether it is surely meant for the extension.
    """
    problem = f"the configuration has {key}, which the extension does not read"
    write = f"write {meant}" if meant else f"write {PREFIX} before the name of each setting"
    if is_own:
        return Finding("unknown-key", "error", problem, write)
    fix = f"{write} if it is meant for the extension, or let it stay"
    if meant:
        return Finding("unknown-key", "warning", problem, fix)
    return Finding("unknown-key", "note", problem, fix)


def _root_file_findings(state: AppState) -> Iterator[Finding]:
    """Yield a finding for each file of ``STATIC_OPTIMIZER_ROOT_FILES`` that is not served."""
    files = state.endpoints.root_files
    for file, rule in files.taken.items():
        yield Finding(
            "root-file-taken",
            "warning",
            f"a route of the app's own comes before a file of {PREFIX}ROOT_FILES",
            "take one of the two out",
            [f"{file.path}: {rule.endpoint!r}"],
        )
    for file in files.missing(state.endpoints.has_root_file):
        yield Finding(
            "root-file-missing",
            "error",
            f"a file of {PREFIX}ROOT_FILES is not in the app's static folder, or can't be served",
            "add the file, or correct its name",
            [f"{file.path}: {file.filename!r}"],
        )


def _file_findings(state: AppState) -> Iterator[Finding]:
    """Yield a finding for each file in a static folder that is never served."""
    for mount in state.endpoints.mounts():
        mount.names()  # the log says what they leave out
    for _, endpoint, name, target in state.log.occasions("link"):
        yield Finding(
            "link-refused",
            "error",
            "a symbolic link leads out of its static folder and is answered with 404",
            f"set {PREFIX}SYMLINKS to True, or put the files into the folder",
            [f"{endpoint}: {_printable(name)} -> {_printable(target)}"],
        )
    for _, endpoint, name in state.log.occasions("name"):
        yield Finding(
            "name-not-utf-8",
            "warning",
            "no URL leads to a file, as its name is not UTF-8",
            "rename the file",
            [f"{endpoint}: {_printable(name)}"],
        )


def _printable(name: str) -> str:
    return name.encode(errors="backslashreplace").decode()
