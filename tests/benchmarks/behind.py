"""The cost of a static file behind real servers: CPU time, and requests a second."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from http.client import HTTPConnection
from pathlib import Path

import nginx
from cases import BY_ETAG, CASES, CODED, FILE, MEGABYTE, Case
from load import Client, client
from peers import EXPRESS, FLASK, LANE, PEERS, RENEWED, WHITENOISE, Site
from visitor import Answer
from workers import rotated

from wsgi_servers import KINDS, RunningServer, ServerKind, running

HERE = Path(__file__).parent


@dataclass
class Rates:
    """A figure for each round."""

    #: CPU seconds of all processes of the server for one request.
    cpu: list[float] = field(default_factory=list)
    #: Requests answered a second.
    answered: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Hosted:
    """A peer behind a server."""

    server: RunningServer
    cookie: Mapping[str, str]
    #: By the name of the case.
    urls: Mapping[str, str]

    def ask(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        connection.request("GET", url, headers={**self.cookie, **(headers or {})})
        response = connection.getresponse()
        body = response.read()
        connection.close()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, body)

    def logged_in(self) -> Hosted:
        """Log in, and return the same with the cookie of the session."""
        cookie = self.ask("/in").headers["set-cookie"].partition(";")[0]
        return replace(self, cookie={"Cookie": cookie})

    def measure(self, case: Case, load: Client, rates: Rates) -> None:
        """Keep the server busy for a second."""
        url = self.urls[case.name]
        headers = {**self.cookie, **case.headers(self.ask(url))}
        if self.ask(url, headers).status != case.status:
            raise RuntimeError(f"{url} is not answered with {case.status}: {headers}")
        before, begin = self.server.cpu_seconds(), time.perf_counter()
        answered = load(self.server.port, url, headers, 1)
        used, passed = self.server.cpu_seconds() - before, time.perf_counter() - begin
        rates.answered.append(answered)
        rates.cpu.append(used / (answered * passed))


#: By server, case and peer.
Found = Mapping[str, Mapping[str, Mapping[str, Rates]]]


def measure(sites: Mapping[str, Site], work: Path, *, quick: bool) -> tuple[str, Found]:
    """Measure all peers behind each server by turns, nginx among them: the client's name too."""
    name, load = client()
    kinds = (
        ("gunicorn gthread", "waitress", "granian")
        if quick
        else ("gunicorn sync", "gunicorn gthread", "waitress", "granian")
    )
    names = [peer for peer in sites if peer != RENEWED]
    if quick:
        names = [peer for peer in names if peer in (FLASK, WHITENOISE, LANE, EXPRESS)]
    found = {}
    for kind in kinds:
        if not KINDS[kind].is_installed:
            continue
        with hosting(KINDS[kind], {peer: sites[peer] for peer in names}, work) as hosts:
            found[kind] = {
                case: rounds(hosts, CASES[case], load, 1 if quick else 2)
                for case in ((CODED,) if quick else (CODED, MEGABYTE, FILE, BY_ETAG))
            }
    return name, found


def rounds(hosts: Mapping[str, Hosted], case: Case, load: Client, number: int) -> dict[str, Rates]:
    found = {name: Rates() for name in hosts}
    for turn in range(number):
        for name in rotated(list(hosts), turn):
            hosts[name].measure(case, load, found[name])
    return found


@contextmanager
def hosting(kind: ServerKind, sites: Mapping[str, Site], work: Path) -> Iterator[dict[str, Hosted]]:
    """Host all peers, behind a server each, and nginx, which needs none."""
    with ExitStack() as stack:
        hosts = {}
        for number, (peer_name, site) in enumerate(sites.items()):
            peer = PEERS[peer_name]
            env = {
                "PEER": peer_name,
                "PEER_FOLDER": str(site.folder),
                "PEER_REDIS": site.redis or "",
            }
            start = partial(kind.command, "peer_app:app")
            server = stack.enter_context(running(start, HERE, work / f"{number}.log", env))
            app = peer.make(site)
            urls = {name: peer.url(app, case.file) for name, case in CASES.items()}
            host = Hosted(server, {}, urls)
            hosts[peer_name] = host.logged_in() if peer.logged_in else host
        start = nginx.command(sites[FLASK].folder, work)
        server = stack.enter_context(running(start, HERE, work / "nginx.log", {}))
        urls = {name: f"/static/{case.file}" for name, case in CASES.items()}
        hosts[nginx.NGINX] = Hosted(server, {}, urls)
        yield hosts
