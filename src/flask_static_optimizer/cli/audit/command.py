"""``flask static audit`` and ``flask static explain``."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from ..current import app_and_state
from ..text import json_option, print_json, wrapped
from .configuration import configuration_findings
from .entries import entry_findings
from .explain import explain
from .findings import merged
from .import_maps import import_map_findings
from .integrity import integrity_findings
from .logged import logged_findings
from .meant_url import meant_url
from .modules import module_findings
from .own_views import OwnViews
from .reasons import Reason
from .references import stylesheet_findings, template_findings
from .report import as_dict, is_bad, print_report
from .secret_key import secret_key_findings
from .survey import Survey
from .templates import read_templates


@click.command("audit")
@click.option(
    "--cookie",
    "cookies",
    multiple=True,
    metavar="NAME=VALUE",
    help="Ask everything again with this cookie, of somebody who is logged in.",
)
@click.option(
    "--url",
    "urls",
    multiple=True,
    metavar="PATH",
    help="Ask for this too: a route with variables, such as /avatars/1.png.",
)
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=1000,
    show_default=True,
    help="Files of one folder that are asked for.",
)
@json_option
@with_appcontext
def audit_command(
    cookies: tuple[str, ...], urls: tuple[str, ...], limit: int, as_json: bool
) -> None:
    """Request everything static, without and with a cookie, and say what is wrong.

    The requests are real ones inside this process: the views of static routes run. The exit
    status is 1 if there are errors or warnings.
    """
    for cookie in cookies:
        if not cookie.isascii() or not cookie.isprintable() or "=" not in cookie:
            raise click.BadParameter(f"{cookie!r} is no NAME=VALUE.", param_hint="--cookie")
    for url in urls:
        if not url.startswith("/") or url.startswith("//"):
            raise click.BadParameter(f"{url!r} is no path of the app.", param_hint="--url")
    app, state = app_and_state()
    state.cache_folder.keep_no_more()  # else each coding of each file would stay there
    survey = Survey(state, app, "; ".join(cookies) or None, urls, limit)
    survey.run()
    templates = read_templates(app)
    findings = merged(
        [
            *configuration_findings(state, app),
            *secret_key_findings(state, app, was_used=survey.session_used),
            *survey.findings,
            *module_findings(state),
            *OwnViews(state, app, survey.cookie).findings(templates, urls),
            *template_findings(state, app, templates),
            *import_map_findings(state, templates.loadings),
            *integrity_findings(state, app, templates),
            *entry_findings(state, app, templates),
            *templates.findings,
            *stylesheet_findings(state),
            *logged_findings(state),
        ]
    )
    if as_json:
        print_json(as_dict(survey.rows, findings))
    else:
        print_report(survey.rows, findings)
    if is_bad(findings):
        raise click.exceptions.Exit(1)


@click.command("explain")
@click.argument("url")
@json_option
@click.option(
    "-H",
    "--header",
    "headers",
    multiple=True,
    metavar="'NAME: VALUE'",
    help="Send this header field.",
)
@with_appcontext
def explain_command(url: str, headers: tuple[str, ...], as_json: bool) -> None:
    """Say how a URL of the app is answered, and why.

    A file may be named in place of its URL: as in its static folder, or by its path. The
    request is a real one inside this process.
    """
    fields = {}
    for header in headers:
        name, colon, value = header.partition(":")
        if not colon or not name.strip() or not header.isprintable():
            raise click.BadParameter(f"{header!r} is no 'Name: value'.", param_hint="-H")
        fields[name.strip()] = value.strip()
    app, state = app_and_state()
    meant = meant_url(state, app, url)
    reasons = explain(state, app, meant.url, fields)
    if as_json:
        print_json({"url": meant.url, "reasons": [reason._asdict() for reason in reasons]})
        return
    if meant.why:
        reasons.insert(0, Reason("URL", meant.url, meant.why))
    width = max(len(reason.what) for reason in reasons)
    for reason in reasons:
        what = click.style(reason.what.ljust(width), bold=True)
        click.echo(what + wrapped(reason.value, " " * (width + 2))[width:])
        click.echo(wrapped(reason.why, " " * (width + 4)))
