"""The cost of a static file without a server: WSGI calls, all peers by turns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cases import CASES, PLAIN
from peers import PEERS, Site
from traits import traits
from visitor import Visitor
from workers import Prepared, Worker, by_turns, working

from flask_static_optimizer.demo.stores import SessionStore

#: Requests whose commands are counted.
_COUNTED = 50


@dataclass(frozen=True)
class Facts:
    """The answers of a peer."""

    #: By case, where it is not what the case is about: what it does instead.
    deviations: Mapping[str, str]
    traits: Mapping[str, bool | str | None]


@dataclass(frozen=True)
class Found:
    """The figures."""

    #: Seconds for a request, by case and peer, one figure a round.
    seconds: Mapping[str, Mapping[str, list[float]]]
    facts: Mapping[str, Facts]
    #: Commands to the session store for one request for a file, by peer.
    commands: Mapping[str, float]


def prepare(name: str, site: Site) -> Prepared:
    """Make one peer's app, and a request of each kind."""
    peer = PEERS[name]
    app = peer.make(site)
    visitor = Visitor(app, logged_in=peer.logged_in)
    calls, deviations = {}, {}
    for case in CASES.values():
        url = peer.url(app, case.file)
        headers = case.headers(visitor.ask(url))
        answer = visitor.ask(url, headers)
        if answer.status != case.status:
            deviations[case.name] = str(answer.status)
        elif case.coding and answer.headers.get("content-encoding") != case.coding:
            deviations[case.name] = "not compressed"
        calls[case.name] = visitor.call(url, headers)
    found = traits(visitor, lambda filename: peer.url(app, filename), site.folder)
    return Prepared(calls, Facts(deviations, found))


def store_commands(worker: Worker, store: SessionStore) -> float:
    """Count the session store's commands for one request for a file, as it says itself."""
    before = sum(store.counts())
    worker.time(PLAIN, _COUNTED)
    return (sum(store.counts()) - before) / _COUNTED


def measure(sites: Mapping[str, Site], store: SessionStore, *, quick: bool) -> Found:
    """Time all cases of all peers."""
    with working(prepare, {name: (name, site) for name, site in sites.items()}) as workers:
        seconds = {case: by_turns(workers, case, 8 if quick else 40) for case in CASES}
        commands = {name: store_commands(worker, store) for name, worker in workers.items()}
        return Found(seconds, {name: worker.facts for name, worker in workers.items()}, commands)
