"""The cost of making the URL of a static file."""

from __future__ import annotations

from collections.abc import Mapping

from cases import SMALL
from flask import url_for
from peers import FLASK, HOOK, PEERS, Site
from tables import Table, micros
from visitor import Visitor
from workers import Prepared, by_turns, ratio, working

#: Who makes URLs of its own.
NAMES = (FLASK, "Flask-Static-Digest", HOOK)
CALL = "URL"


def prepare(name: str, site: Site) -> Prepared:
    """Prepare one peer's way to make a URL, inside a request."""
    peer = PEERS[name]
    app = peer.make(Site(site.folder))
    # Much is settled at an app's first request.
    Visitor(app, logged_in=False).ask("/page")
    app.test_request_context("/page").push()
    make = url_for if peer.link == "url_for" else app.jinja_env.globals[peer.link]
    return Prepared({CALL: lambda: make("static", filename=SMALL)})  # type: ignore[operator]


def measure(sites: Mapping[str, Site], *, quick: bool) -> dict[str, list[float]]:
    """Measure the seconds for a URL by peer, one figure a round."""
    with working(prepare, {name: (name, sites[name]) for name in NAMES}) as workers:
        return by_turns(workers, CALL, 15 if quick else 60)


def table(found: Mapping[str, list[float]]) -> Table:
    """Make the table."""
    made = Table("The URL of a static file", ["", "µs", "ratio"])
    for name, label in zip(NAMES, ("url_for", "static_url_for", "url_for"), strict=True):
        times = found[name]
        fingerprint = "" if name == FLASK else ", with a fingerprint"
        made.rows.append(
            [
                f"{label}, {name}{fingerprint}",
                micros(sorted(times)[len(times) // 2]),
                f"{ratio(times, found[FLASK]):.2f}",
            ]
        )
    return made
