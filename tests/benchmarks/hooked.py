"""The cost of static files and stored routes in apps that have hooks, as real ones do.

    python tests/benchmarks/hooked.py [--quick]

prints this part alone; ``python tests/benchmarks`` prints it with the others. An app with each set
of hooks is asked in several ways by turns:

- Flask itself serves the files;
- Flask's floor: a view returns a response that was made at the start, and the session is an empty
  one that nobody saves, so this is what Flask takes to run the same hooks around nothing;
- WhiteNoise around the app, which runs none of them;
- this extension.

Routes likewise: a view that does nothing, one under ``cached()`` of Flask-Caching with an ETag, and
a stored one of ours, all under the same hooks.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import instructions
from cases import BY_ETAG, CASES, CODED, MEGABYTE, PLAIN, SMALL, Case
from flask import Flask, Response, make_response, request, session, url_for
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_caching import Cache
from hooks import ALL, SETS, add_hooks
from peers import FLASK, LANE, WHITENOISE, Site, prepare_sites
from tables import Table, micros, wide_console
from visitor import Visitor
from whitenoise import WhiteNoise
from workers import Prepared, by_turns, ratio, working

from flask_static_optimizer import StaticOptimizer, cacheable_static

#: The ways to be asked: for files, and for routes.
FLOOR, OURS = "Flask's floor", "ours"
FILES = (FLASK, FLOOR, WHITENOISE, OURS)
TRIVIAL, CACHED, STORED = "a view that does nothing", "cached() with an ETag", "ours, stored"
ROUTES = (TRIVIAL, CACHED, STORED)

#: A part of a file that memory holds.
PART = Case("206, 512 bytes", SMALL, 206, lambda _: {"Range": "bytes=100-611"})
FILE_CASES = {
    case.name: case for case in (*map(CASES.get, (PLAIN, CODED, BY_ETAG)), PART, CASES[MEGABYTE])
}
HIT, HIT_304 = "200", "304"

#: As far as Talisman is concerned, all came through TLS.
_BASE = "https://localhost"
_BODY = "<svg/>" * 1500


class EmptySessions(SecureCookieSessionInterface):
    """The cheapest session interface: an empty session that nobody saves."""

    def open_session(self, app, request):  # type: ignore[no-untyped-def]
        return SecureCookieSession()

    def save_session(self, app, session, response):  # type: ignore[no-untyped-def]
        pass


@dataclass(frozen=True)
class Found:
    """The figures of files or of routes."""

    #: Seconds for a request, by set of hooks, case and way, one figure a round.
    seconds: Mapping[str, Mapping[str, Mapping[str, list[float]]]]
    #: Instructions for a request, by set of hooks, case and way; empty without valgrind.
    counted: Mapping[str, Mapping[str, Mapping[str, float]]]


def make(site: Site, hooks: str, way: str) -> Flask:
    """Make an app with a set of hooks, a log-in, the site's files, and routes."""
    app = Flask(
        "benchmark", root_path=str(site.folder), static_folder=None if way == FLOOR else "static"
    )
    app.config.update(
        SECRET_KEY="benchmark",
        CACHE_TYPE="SimpleCache",
        STATIC_OPTIMIZER_CACHE_DIR=str(site.folder / "kept"),
    )

    @app.get("/in")
    def log_in() -> str:
        session["_user_id"], session["_fresh"] = "7", True
        return ""

    if way == FLOOR:
        _add_constants(app, site)
    if way in ROUTES:
        _add_route(app, way)
    add_hooks(app, hooks)
    if way in (OURS, STORED):
        StaticOptimizer(app)
    if way == WHITENOISE:
        app.wsgi_app = WhiteNoise(app.wsgi_app, root=site.folder / "static", prefix="static/")  # type: ignore[method-assign]
    return app


def _add_constants(app: Flask, site: Site) -> None:
    """Add the floor: for each case a response that is ready."""
    app.session_interface = EmptySessions()
    ready = {}
    for number, case in enumerate(FILE_CASES.values()):
        data = (site.folder / "static" / case.file).read_bytes()
        body = {200: data, 206: data[100:612], 304: b""}[case.status]
        fields = {"Content-Type": "text/css", "Cache-Control": "max-age=3600", "ETag": '"x"'}
        response = Response([body] if body else [], case.status, fields)
        if body:
            response.content_length = len(body)
        ready[str(number)] = response

    @app.get("/static/<path:filename>", endpoint="static")
    def constant(filename: str) -> Response:
        return ready[filename]


def _add_route(app: Flask, way: str) -> None:
    if way == TRIVIAL:
        app.get("/route")(lambda: "x")
        return
    cache = Cache(app)
    mark = cacheable_static(max_age=3600) if way == STORED else cache.cached(timeout=3600)

    @app.get("/route")
    @mark
    def route() -> Response:
        response = make_response(_BODY)
        response.mimetype = "image/svg+xml"
        if way == CACHED:
            response.add_etag()
        return response

    if way == CACHED:
        app.after_request(lambda response: response.make_conditional(request))


def prepare(site: Site, hooks: str, way: str) -> Prepared:
    """Make one app, and the requests that it is asked."""
    app = make(site, hooks, way)
    visitor = Visitor(app, logged_in=way != FLOOR, base_url=_BASE)
    if way in ROUTES:
        return Prepared(_route_calls(visitor, way))
    calls = {}
    for number, case in enumerate(FILE_CASES.values()):
        if way == FLOOR:
            url, headers = f"/static/{number}", {}
        else:
            with app.test_request_context(base_url=_BASE):
                url = url_for("static", filename=case.file)
            headers = dict(case.headers(visitor.ask(url)))
        answer = visitor.ask(url, headers)
        if answer.status != case.status:
            raise RuntimeError(f"{hooks}, {way}, {case.name}: {answer.status}")
        calls[case.name] = visitor.call(url, headers)
    return Prepared(calls)


def _route_calls(visitor: Visitor, way: str) -> dict[str, Callable[[], None]]:
    whole = visitor.ask("/route")
    calls = {HIT: visitor.call("/route", {})}
    # The view that does nothing has no 304: it stands beside those of the others as it is.
    headers = {} if way == TRIVIAL else {"If-None-Match": whole.headers["etag"]}
    answer = visitor.ask("/route", headers)
    if way != TRIVIAL and answer.status != 304:
        raise RuntimeError(f"{way}: {answer.status} for a known ETag")
    return {**calls, HIT_304: visitor.call("/route", headers)}


def measure(sites: Mapping[str, Site], *, quick: bool) -> tuple[Found, Found]:
    """Measure files and routes.

    :param sites: the folders of the peers; those of Flask, WhiteNoise and ours are used.
    """
    folders = {FLASK: sites[FLASK], FLOOR: sites[FLASK], WHITENOISE: sites[WHITENOISE]}
    folders |= dict.fromkeys((OURS, *ROUTES), sites[LANE])
    chosen = ("before_request", ALL) if quick else tuple(SETS)
    file_cases = (PLAIN, BY_ETAG) if quick else tuple(FILE_CASES)
    return (
        _measure(folders, chosen, FILES, file_cases, quick=quick),
        _measure(folders, chosen, ROUTES, (HIT, HIT_304), quick=quick),
    )


def _measure(
    folders: Mapping[str, Site],
    chosen: Sequence[str],
    ways: Sequence[str],
    cases: Sequence[str],
    *,
    quick: bool,
) -> Found:
    seconds = {}
    for hooks in chosen:
        with working(prepare, {way: (folders[way], hooks, way) for way in ways}) as workers:
            seconds[hooks] = {case: by_turns(workers, case, 6 if quick else 30) for case in cases}
    asked = [(folders[way], hooks, way, cases) for hooks in chosen for way in ways]
    return Found(seconds, {} if quick else instructions.count(asked))


def tables(files: Found, routes: Found) -> list[Table]:
    """Make the tables: first what an app gets, then what that was made of."""
    return [
        _share(files),
        _cpu("Apps with hooks, in-process: a file", files, FLASK),
        *_instructions("Apps with hooks: instructions for a file", files, FLASK),
        _cpu("Apps with hooks, in-process: a stored route", routes, CACHED),
        *_instructions("Apps with hooks: instructions for a stored route", routes, CACHED),
    ]


def _share(found: Found) -> Table:
    """Make the table of ours as a part of Flask's."""
    first = next(iter(found.seconds.values()))
    table = Table(
        "An app with hooks: what a file takes of Flask's time for it",
        ["the app has", *first],
        notes=[
            "Median of the ratios of neighbouring turns, CPU time; in brackets Flask's floor, which"
            " is what the same hooks take around a response that is ready."
            + (
                " After the semicolon the same two of instructions, as valgrind counts them."
                if found.counted
                else ""
            )
        ],
    )
    for hooks, cases in found.seconds.items():
        cells = []
        for case, ways in cases.items():
            cell = f"{ratio(ways[OURS], ways[FLASK]):.2f} ({ratio(ways[FLOOR], ways[FLASK]):.2f})"
            if found.counted:
                counts = found.counted[hooks][case]
                ours, floor = (counts[way] / counts[FLASK] for way in (OURS, FLOOR))
                cell += f"; {ours:.2f} ({floor:.2f})"
            cells.append(cell)
        table.rows.append([hooks, *cells])
    return table


def _cpu(title: str, found: Found, base: str) -> Table:
    first = next(iter(found.seconds.values()))
    table = Table(
        title,
        ["", *first],
        notes=[
            f"Median CPU microseconds of a request, and in brackets the ratio to {base}"
            " under the same hooks."
        ],
    )
    for hooks, cases in found.seconds.items():
        for way in next(iter(cases.values())):
            cells = [
                f"{micros(statistics.median(ways[way]))} ({ratio(ways[way], ways[base]):.2f})"
                for ways in cases.values()
            ]
            table.rows.append([f"{hooks}: {way}", *cells])
    return table


def _instructions(title: str, found: Found, base: str) -> list[Table]:
    if not found.counted:
        return []
    first = next(iter(found.counted.values()))
    table = Table(
        title,
        ["", *first],
        notes=[
            "Thousands of instructions in user mode for a request, and in brackets the ratio to"
            f" {base} under the same hooks. They do not move with the machine's pace, but"
            " leave out what the kernel does for a request, which is much of a large body's cost."
        ],
    )
    for hooks, cases in found.counted.items():
        for way in next(iter(cases.values())):
            cells = [
                f"{counts[way] / 1e3:,.1f} ({counts[way] / counts[base]:.3f})"
                for counts in cases.values()
            ]
            table.rows.append([f"{hooks}: {way}", *cells])
    return [table]


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        sites = prepare_sites(Path(name), (FLASK, WHITENOISE, LANE))
        for table in tables(*measure(sites, quick="--quick" in sys.argv)):
            table.show(wide_console(), markdown=False)


if __name__ == "__main__":
    main()
