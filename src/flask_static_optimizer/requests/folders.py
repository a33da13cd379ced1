"""Flask's own views over static folders."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Flask

View = Callable[..., Any]

_PREFIX = re.compile(r"(/[^<]*)<path:filename>")


def is_folder_view(view: View) -> bool:
    """Whether a view is Flask's own over a static folder, wrapped or not.

    The app's is a lambda that ``Flask.__init__`` makes, a blueprint's is its bound
    ``send_static_file``; a user's view that is merely called ``static`` is neither.
    """
    view = inspect.unwrap(view)
    if inspect.ismethod(view):
        return view.__name__ == "send_static_file" and isinstance(view.__self__, (Flask, Blueprint))
    name = f"{getattr(view, '__module__', '')}.{getattr(view, '__qualname__', '')}"
    return name == "flask.app.Flask.__init__.<locals>.<lambda>"


def mounted(app: Flask, endpoint: str, view: View) -> tuple[str, str | None] | None:
    """The folder behind an endpoint, and what its URL paths begin with.

    ``None`` for a view that is not Flask's own and untouched: one that is overridden, or that
    something was put around (a guard, say), answers for itself, and so does a front server that
    sends the files (``USE_X_SENDFILE``). The prefix is ``None`` where it depends on the request.
    """
    if not is_folder_view(view) or inspect.unwrap(view) is not view or app.config["USE_X_SENDFILE"]:
        return None
    scaffold = blueprint_of(view) or app
    own = type(scaffold).send_static_file in (Flask.send_static_file, Blueprint.send_static_file)
    if not own or "send_static_file" in vars(scaffold) or scaffold.static_folder is None:
        return None
    rules = list(app.url_map.iter_rules(endpoint))
    if any(rule.arguments != {"filename"} for rule in rules):
        return None
    prefixes = [
        found[1]
        for rule in rules
        if (found := _PREFIX.fullmatch(rule.rule)) and not (rule.host or rule.subdomain)
    ]
    return scaffold.static_folder, prefixes[0] if prefixes else None


def blueprint_of(view: View) -> Blueprint | None:
    """The blueprint that a folder view belongs to; ``None``: it is the app's."""
    owner = getattr(inspect.unwrap(view), "__self__", None)
    return owner if isinstance(owner, Blueprint) else None
