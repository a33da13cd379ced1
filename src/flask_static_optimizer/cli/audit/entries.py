"""The audit of the bundlers' entries that templates load."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...assets.entries import Entries, EntryError
from ...config.names import PREFIX
from .findings import Finding

if TYPE_CHECKING:
    from flask import Flask

    from ...state import AppState
    from .templates import Templates


def entry_findings(state: AppState, app: Flask, templates: Templates) -> Iterator[Finding]:
    """Yield a finding for each entry in a template that no manifest has."""
    if state.settings.vite_server is not None:  # which knows its entries itself
        return
    entries = Entries(state.catalogue.manifests, state.endpoints.mounts, None, lambda *_: "")
    fix = (
        "run the bundler's build, or correct the name of the entry"
        if state.settings.manifests
        else f"name your bundler's manifest in {PREFIX}MANIFESTS, relative to the static folder"
    )
    wrong = [
        f"{place}: {problem.rstrip('.')}"
        for name, endpoint, place in templates.entries
        if (problem := _problem(entries, name, endpoint)) is not None
    ]
    if wrong and not _has_own_helper(app):
        problem = "a template loads an entry that no manifest has, so that its pages fail"
        yield Finding("entry-missing", "error", problem, fix, wrong)


def _problem(entries: Entries, name: str, endpoint: str | None) -> str | None:
    try:
        entries.find(name, endpoint)
    except EntryError as error:
        return str(error)
    return None


def _has_own_helper(app: Flask) -> bool:
    """Return whether ``static_entry`` in the templates of an app is a helper of its own."""
    context: dict[str, object] = dict(app.jinja_env.globals)
    try:
        with app.test_request_context():
            app.update_template_context(context)
    except Exception:  # noqa: BLE001  # of a context processor, with which no page is rendered
        return False
    return not isinstance(getattr(context.get("static_entry"), "__self__", None), Entries)
