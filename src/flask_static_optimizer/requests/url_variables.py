"""The variables in the URLs of views, which rules go by and which hold the names of files."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from functools import partial

from flask import Flask

from ..assets.mount import Mount
from ..config.errors import ConfigurationError
from ..config.rules import Rule
from .static_endpoint import StaticEndpoint

#: A URL rule with one variable, at its end.
_ENDS_WITH_NAME = re.compile(r"/[^<]*<(?:(?:default|path|string)(?:\([^)]*\))?:)?(\w+)>")


def name_variable(url_rule: str) -> str | None:
    """Return the variable at the end of a URL rule, if it is the only one and can name a file."""
    found = _ENDS_WITH_NAME.fullmatch(url_rule)
    return None if found is None else found[1]


def unknown_variable(app: Flask, rules: Sequence[Rule]) -> str | None:
    """Return the error of the first rule that goes by a URL variable which no URL of its views has.

    Of a rule that matches no endpoint the log warns.
    """
    variables: dict[str, list[set[str]]] = {}
    for url in app.url_map.iter_rules():
        variables.setdefault(url.endpoint, []).append(url.arguments)
    for rule in rules:
        named = rule.names()
        matching = [name for name in variables if named and rule.endpoint.matches(name)]
        urls = [arguments for name in matching for arguments in variables[name]]
        if urls and not any(arguments.issuperset(named) for arguments in urls):
            there = sorted(set().union(*urls))
            return (
                f"{rule.where}: no URL of {', '.join(map(repr, matching))} has the"
                f" variable{'s' if len(named) > 1 else ''} {' and '.join(map(repr, named))};"
                f" {_said(there)}. (Of a file name with '=' in it write"
                f" '{rule.glob}:filename=…'.)"
            )
    return None


def _said(there: Sequence[str]) -> str:
    if not there:
        return "there are none, so leave out what follows the colon"
    return f"there {'are' if len(there) > 1 else 'is'} {' and '.join(map(repr, there))}"


def source_of(
    app: Flask,
    endpoint: StaticEndpoint,
    before: Mount | None,
    is_shared: Callable[..., bool],
    warn: Callable[[object, str], None],
) -> Mount | None:
    """Return the folder whose files a view sends, if its policy says which.

    :param before: what was returned for the endpoint before; it is returned again if it is right.
    :param is_shared: returns, for the name of a file and the URL variable that holds it, whether
        all clients get the same response.
    :raises ConfigurationError: if there is no such folder, if there are two, or if a URL of the
        view does not end with its only variable.
    """
    found = _sent_folder(app, endpoint)
    if found is None:
        return None
    if before is not None and (before.folder, before.variable) == found:
        return before
    folder, variable = found
    return Mount(
        endpoint.name,
        folder,
        None,
        partial(is_shared, variable=variable),
        lambda _: False,
        # Which files the view sends is for the view to say.
        dotfiles=True,
        symlinks=True,
        warn=warn,
        variable=variable,
        by_view=True,
    )


def _sent_folder(app: Flask, endpoint: StaticEndpoint) -> tuple[str, str] | None:
    """Return the folder whose files a view sends, and the URL variable that holds a file's name.

    ``None`` is returned if no policy of the endpoint names a folder.
    """
    folders = {policy.folder for policy in endpoint.policies if policy.folder is not None}
    if not folders:
        return None
    name = endpoint.name
    if endpoint.folder:
        raise ConfigurationError(
            f"folder={min(folders)!r} of {name!r}: it is for views that send files, and {name!r} is"
            " a static folder already; leave it out."
        )
    if len(folders) > 1:
        raise ConfigurationError(
            f"folder of {name!r}: its rules name {' and '.join(map(repr, sorted(folders)))}; one"
            " view sends the files of one folder, so name one."
        )
    (given,) = folders
    folder = os.path.join(app.root_path, given)
    if not os.path.isdir(folder):
        raise ConfigurationError(
            f"folder={given!r} of {name!r}: there is no folder {folder!r}; a relative path begins"
            " at app.root_path."
        )
    urls = [rule for rule in app.url_map.iter_rules(name) if rule.arguments]
    variables = {name_variable(rule.rule) for rule in urls}
    variable = variables.pop() if len(variables) == 1 else None
    if variable is None:
        raise ConfigurationError(
            f"folder={given!r} of {name!r}: the name of a file has to be the only variable of its"
            " URL, and at the end ('/assets/<path:name>'), but its URLs are"
            f" {', '.join(rule.rule for rule in app.url_map.iter_rules(name))}."
        )
    return folder, variable
