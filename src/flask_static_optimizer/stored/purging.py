"""Making stored responses useless on demand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..errors import nearest
from .invalidation import wsgi_path

if TYPE_CHECKING:
    from flask import Flask

    from ..state import AppState


def purge(
    state: AppState,
    app: Flask,
    *,
    endpoint: str | None = None,
    tag: str | None = None,
    path: str | None = None,
) -> None:
    """Purge what is stored of an endpoint, under a tag, at a path; without any, everything.

    :raises ValueError: if there is no such stored endpoint or tag.
    :raises Exception: whatever the backend raises.
    """
    if not state.endpoints.complete:
        state.endpoints.refresh(app)
    stored = state.endpoints.stored()
    _check("endpoint", endpoint, stored)
    _check(
        "tag",
        tag,
        {name for policies in stored.values() for each in policies for name in each.tags},
    )
    if path is not None and not path.startswith(("/", "http://", "https://")):
        raise ValueError(f"path={path!r}: give a path that starts with '/'.")
    located = None if path is None else wsgi_path(path)
    state.open_store(app).purge(endpoint=endpoint, tag=tag, path=located)


def _check(what: str, name: str | None, known: Iterable[str]) -> None:
    known = set(known)
    if name is not None and name not in known:
        raise ValueError(f"{what}={name!r}: nothing is stored by it; {nearest(name, known)}")
