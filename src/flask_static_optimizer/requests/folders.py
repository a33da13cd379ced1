"""Flask's own views of static folders."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Flask

View = Callable[..., Any]

_PREFIX = re.compile(r"(/[^<]*)<path:filename>")


def is_folder_view(view: View) -> bool:
    """Return whether a view is Flask's own view of a static folder, decorated or not.

    The app's view is a lambda that ``Flask.__init__`` makes, a blueprint's is its bound
    ``send_static_file``. A view of the user that is only called ``static`` is neither.
    """
    view = inspect.unwrap(view)
    if inspect.ismethod(view):
        return view.__name__ == "send_static_file" and isinstance(view.__self__, (Flask, Blueprint))
    name = f"{getattr(view, '__module__', '')}.{getattr(view, '__qualname__', '')}"
    return name == "flask.app.Flask.__init__.<locals>.<lambda>"


def mounted(app: Flask, endpoint: str, view: View) -> tuple[str, str | None] | None:
    """Return the folder of an endpoint, and the prefix of its URL paths.

    The folder is served by the extension only if the view is Flask's own. A view that is overridden
    or decorated (for a log-in, say) has to run, and so has one that leaves the file to a front
    server (``USE_X_SENDFILE``).

    :returns: ``None`` if the view has to run. The prefix is ``None`` if it depends on the request.
    """
    folder = plain_folder(app, view)
    if folder is None or inspect.unwrap(view) is not view or app.config["USE_X_SENDFILE"]:
        return None
    rules = list(app.url_map.iter_rules(endpoint))
    if any(rule.arguments != {"filename"} for rule in rules):
        return None
    prefixes = [
        found[1]
        for rule in rules
        if (found := _PREFIX.fullmatch(rule.rule)) and not (rule.host or rule.subdomain)
    ]
    return folder, prefixes[0] if prefixes else None


def plain_folder(app: Flask, view: View) -> str | None:
    """Return the folder that Flask's own view takes files from, whatever was put around that view.

    ``None`` for any other view, and where ``send_static_file`` was replaced: that may take them
    from elsewhere.
    """
    if not is_folder_view(view):
        return None
    scaffold = blueprint_of(view) or app
    own = type(scaffold).send_static_file in (Flask.send_static_file, Blueprint.send_static_file)
    return scaffold.static_folder if own and "send_static_file" not in vars(scaffold) else None


def blueprint_of(view: View) -> Blueprint | None:
    """Return the blueprint that a folder view belongs to, or ``None`` if it is the app's."""
    owner = getattr(inspect.unwrap(view), "__self__", None)
    return owner if isinstance(owner, Blueprint) else None
