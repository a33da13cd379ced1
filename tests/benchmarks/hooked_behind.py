"""The cost of a static file in an app with a log-in, behind real servers.

    python tests/benchmarks/hooked_behind.py [--quick]

prints this part alone. What the server takes without an app is measured, too: nothing that an app
does or leaves out changes that.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

import hooked
from behind import Found, Hosted, rounds
from cases import BY_ETAG, CASES, CODED
from flask import url_for
from load import client
from peers import FLASK, LANE, WHITENOISE, Site, prepare_sites
from tables import wide_console

from wsgi_servers import KINDS, ServerKind, running

HERE = Path(__file__).parent

HOOKS = "Flask-Login"
NOTHING = "no app"
WAYS = (*hooked.FILES, NOTHING)


def measure(sites: Mapping[str, Site], work: Path, *, quick: bool) -> Found:
    """Measure all ways behind each server by turns."""
    _, load = client()
    found = {}
    kinds = ("gunicorn gthread",) if quick else ("gunicorn gthread", "waitress", "granian")
    for kind in kinds:
        if not KINDS[kind].is_installed:
            continue
        with _hosting(KINDS[kind], sites, work) as hosts:
            found[kind] = {
                case: rounds(hosts, CASES[case], load, 1 if quick else 5)
                for case in (CODED, BY_ETAG)
            }
    return found


@contextmanager
def _hosting(
    kind: ServerKind, sites: Mapping[str, Site], work: Path
) -> Iterator[dict[str, Hosted]]:
    folders = {WHITENOISE: sites[WHITENOISE], hooked.OURS: sites[LANE]}
    with ExitStack() as stack:
        hosts: dict[str, Hosted] = {}
        for number, way in enumerate(WAYS):
            site = folders.get(way, sites[FLASK])
            env = {"HOOKED_WAY": way, "HOOKED_HOOKS": HOOKS, "HOOKED_FOLDER": str(site.folder)}
            start = partial(kind.command, "hooked_app:app")
            server = stack.enter_context(running(start, HERE, work / f"{number}.log", env))
            if way == FLASK:  # the first; the others get the same cookie
                hosts[way] = Hosted(server, {}, _urls(site, way)).logged_in()
            else:
                hosts[way] = Hosted(server, hosts[FLASK].cookie, _urls(site, way))
        yield hosts


def _urls(site: Site, way: str) -> dict[str, str]:
    """Return the URL of each case's file."""
    if way in (hooked.FLOOR, NOTHING):
        return {case: f"/static/{number}" for number, case in enumerate(hooked.FILE_CASES)}
    app = hooked.make(site, HOOKS, way)
    with app.test_request_context():
        return {name: url_for("static", filename=case.file) for name, case in CASES.items()}


def main() -> None:
    from results import servers_table

    with tempfile.TemporaryDirectory() as name:
        sites = prepare_sites(Path(name) / "peers", (FLASK, WHITENOISE, LANE))
        (Path(name) / "servers").mkdir()
        found = measure(sites, Path(name) / "servers", quick="--quick" in sys.argv)
        for case in (CODED, BY_ETAG):
            table = servers_table(HOOKS, found, client()[0], case)
            table.show(wide_console(), markdown=False)


if __name__ == "__main__":
    main()
