"""``flask static nginx``."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from flask import Flask
from flask.cli import with_appcontext

from ...config.errors import ConfigurationError
from ...config.values import X_ACCEL
from ...views.sendfile import internal_prefix
from ..current import app_and_state, application_root, not_possible
from ..public_files import settle
from ..text import json_option, print_json, progress
from .config import Site, http_part, server_part, whole
from .copy import Copy
from .probe import Location, Refused, locations, root_locations, root_paths
from .quoting import identifier, literal
from .routes import routes

if TYPE_CHECKING:
    from ...state import AppState

_ADDRESS = re.compile(r"[A-Za-z0-9.\[\]:_-]+|unix:/[A-Za-z0-9._/-]+")
_NAMES = re.compile(r"[A-Za-z0-9.*_ -]+")
#: 'http2' is not among them, as nginx warns of it: 'http2 on;' is for the 'http' block.
_LISTEN = re.compile(
    rf"(?:{_ADDRESS.pattern})"
    r"(?: (?:ssl|default_server|reuseport|proxy_protocol|ipv6only=on|ipv6only=off))*"
)
#: No ';', '{', quote, '$' or line break.
_FILE = re.compile(r"[\w@%+=:,./~ -]+")

_PARTS = {"all": whole, "http": http_part, "server": server_part}


def _matching(pattern: re.Pattern[str], example: str) -> Callable[..., str | None]:
    """Make a check of an option's value, which is written into the configuration as it is."""

    def check(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
        if value is not None and not pattern.fullmatch(value):
            raise click.BadParameter(f"{value!r} is none that nginx takes; give {example}.")
        return value

    return check


@click.command("nginx")
@click.option(
    "--root",
    type=click.Path(file_okay=False, resolve_path=True),
    help="The folder for the copy that nginx serves from.  [default: static_nginx in the"
    " instance folder]",
)
@click.option(
    "--upstream",
    callback=_matching(_ADDRESS, "127.0.0.1:8000 or unix:/run/app.sock"),
    default="127.0.0.1:8000",
    show_default=True,
    help="Where the app listens.",
)
@click.option(
    "--listen",
    callback=_matching(
        _LISTEN,
        "80, 127.0.0.1:8080 or '443 ssl', with 'default_server', 'reuseport', 'proxy_protocol' or"
        " 'ipv6only=on' where needed",
    ),
    default="80",
    show_default=True,
    help="Where nginx is to listen: an address, and 'ssl' after it for TLS.",
)
@click.option(
    "--certificate",
    callback=_matching(_FILE, "/etc/ssl/site.pem"),
    help="The file of the certificate and its chain, for '--listen \"443 ssl\"'.",
)
@click.option(
    "--key",
    callback=_matching(_FILE, "/etc/ssl/site.key"),
    help="The file of the certificate's key.",
)
@click.option(
    "--server-name",
    callback=_matching(_NAMES, "www.example.org"),
    default="_",
    help="The site's host names.  [default: any]",
)
@click.option("--name", help="What variables are named by.  [default: the app's name]")
@click.option(
    "--part",
    type=click.Choice(list(_PARTS)),
    default="all",
    show_default=True,
    help="Only what belongs into the 'http' or the 'server' block of a configuration of yours.",
)
@click.option("--prune", is_flag=True, help="Remove from the copy what is not needed by now.")
@json_option
@with_appcontext
def nginx_command(
    root: str | None,
    upstream: str,
    listen: str,
    certificate: str | None,
    key: str | None,
    server_name: str,
    name: str | None,
    part: str,
    prune: bool,
    as_json: bool,
) -> None:
    """Copy all static files as they are served, and print an nginx configuration for them.

    nginx then answers as the app does: the command requests each file from the app. Files
    that the app does not answer with 200 for everybody (behind a log-in, say) are left to it.
    """
    if bool(certificate) != bool(key):
        raise click.UsageError("--certificate and --key belong together; give both.")
    app, state = app_and_state()
    if app.debug:
        raise click.ClickException(
            "in debug mode nothing is to be kept; run it without --debug and FLASK_DEBUG."
        )
    root = root or os.path.join(app.instance_path, "static_nginx")
    try:
        literal("--root", root)
        os.makedirs(root, exist_ok=True)  # nginx makes its cache in it, but not the folder itself
        copy = Copy(root)
        site = _site(state, app, copy, identifier(name or app.name))
        site.root, site.upstream = root, upstream
        site.listen, site.server_name = listen, server_name
        site.certificate, site.key = certificate, key
        lines = list(_PARTS[part](site))
        pruned = copy.prune() if prune else 0
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise not_possible(error, "--root", root) from error
    if as_json:
        print_json(
            {
                "configuration": "\n".join(lines) + "\n",
                "root": root,
                "urls": [place.path for place in site.locations],
                "refused": [asdict(place) for place in site.refused],
                "files": len(copy.names),
                "pruned": pruned,
            }
        )
        return
    click.echo("\n".join(lines))
    click.echo(
        f"{len(site.locations)} URLs for nginx, {len(site.refused)} left to the app;"
        f" {len(copy.names)} files in {root}.",
        err=True,
    )


def _site(state: AppState, app: Flask, copy: Copy, name: str) -> Site:
    settle(state)
    found: dict[str, Location] = {}
    refused: list[Refused] = []
    for mount in state.endpoints.mounts():
        names = mount.names()
        asked = progress(names, f"Copying files of {mount.endpoint!r}", len(names))
        for place in locations(state, app, mount, asked, copy):
            if isinstance(place, Refused):
                refused.append(place)
            else:
                found[place.path] = place
    root = application_root(app)
    for place in root_locations(state, app, root, copy):
        if isinstance(place, Refused):
            refused.append(place)
        else:
            found[place.path] = place
    for twins in _twins(found):
        for path in twins:
            del found[path]
            refused.append(Refused(path, "nginx takes names for the same that differ in case only"))
    prefixes = {root + mount.prefix for mount in state.endpoints.mounts() if mount.prefix}
    protected = {}
    if state.settings.sendfile == X_ACCEL:
        protected = {
            internal_prefix(mount.endpoint): os.path.abspath(mount.folder)
            for mount in state.endpoints.mounts()
        }
    return Site(
        name=name,
        root="",
        upstream="",
        listen="",
        server_name="",
        prefixes=sorted(prefixes),
        locations=list(found.values()),
        refused=refused,
        routes=list(routes(state, app)),
        paths=[path for path in root_paths(state, root) if path in found],
        codings=[coding for coding in state.settings.encodings if coding in state.variants.offered],
        protected=protected,
        header_names=_header_names(state),
        metrics=state.settings.metrics and root + state.settings.metrics,
    )


def _header_names(state: AppState) -> list[str]:
    """Return the names of the header fields that policies give to responses."""
    endpoints = filter(None, map(state.endpoints.get, state.endpoints.names()))
    policies = [policy for endpoint in endpoints for policy in endpoint.policies]
    found = {name.lower(): name for policy in policies for name, _ in policy.sent_headers}
    return sorted(found.values())


def _twins(found: dict[str, Location]) -> list[list[str]]:
    groups: dict[str, list[str]] = {}
    for path in found:
        groups.setdefault(path.lower(), []).append(path)
    return [paths for paths in groups.values() if len(paths) > 1]
