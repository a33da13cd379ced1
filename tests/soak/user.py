"""A user: a browser that loads pages and all that is on them at once, logs in and out."""

from __future__ import annotations

import random
import time
from concurrent.futures import Executor, Future
from typing import Any

import content
from checks import Judge
from client import Client, Reply
from content import FILES, LANGUAGES, RESOURCES
from counts import LOST, UNDONE, WRONG, Counts
from trouble import Restarts
from versions import Change, Versions

#: What of a user's turns ends in a log-out, and in a change of a route.
_LOG_OUT, _CHANGE = 0.1, 0.3

#: Connections for what is asked beside a page, and how much each of them asks for.
_CONNECTIONS, _EACH = 4, 3

#: Seconds between two turns.
_REST = 0.5


class User:
    """A user with a session of its own.

    :param threads: what is asked beside a page runs there.
    """

    def __init__(
        self,
        number: int,
        port: int,
        versions: Versions,
        counts: Counts,
        restarts: Restarts,
        threads: Executor,
        *,
        plain: bool,
    ) -> None:
        self._name = f"user{number}"
        self._random = random.Random(number)
        self._where = (port, counts, restarts)
        self._versions = versions
        self._counts = counts
        self._threads = threads
        self._judge = Judge(versions, counts, plain)
        self._cookie = ""
        self._visits = 0
        self._links = {path: path for path in FILES}

    def run(self, until: float) -> None:
        """Take turns until a monotonic time."""
        while time.monotonic() < until:
            if not self._cookie:
                self._log_in()
            elif self._random.random() < _LOG_OUT:
                self._log_out()
            else:
                self._visit()
            if self._random.random() < _CHANGE:
                self._change()
            time.sleep(self._random.uniform(0, 2 * _REST))

    def _log_in(self) -> None:
        reply = self._page("log-in", "/login", "POST", form={"name": self._name})
        if reply.body.decode() != self._name:
            self._counts.fault(WRONG, f"/login: {reply.status} {reply.body[:60]!r}")
        self._visits = 0

    def _visit(self) -> None:
        """Load the page, which counts, while assets are on their way, and then what is on it."""
        beside = self._begin(self._name)
        # So that some of it is asked for before the page, and some is answered after it.
        time.sleep(self._random.uniform(0, 0.02))
        reply = self._page("page", "/page", Cookie=self._cookie)
        for each in beside:
            each.result()
        said = reply.body.decode(errors="replace")
        head, _, links = said.partition("\n")
        name, _, visits = head.partition(" ")
        if reply.status == 401:
            self._counts.fault(LOST, f"{self._name}: the session is gone")
            self._cookie = ""
            return
        if reply.status != 200 or name != self._name or not visits.isdigit():
            self._counts.fault(WRONG, f"/page of {self._name}: {reply.status} {said[:60]!r}")
            return
        found, wanted = int(visits), self._visits + 1
        self._visits = found
        if found < wanted:
            self._counts.fault(LOST, f"{self._name}: {found}, not {wanted}", wanted - found)
        # What a killed worker had done before its answer was cut counts, too.
        if found >= wanted + reply.attempts:
            self._counts.fault(WRONG, f"/page of {self._name}: {found}, not {wanted}")
        urls = links.splitlines()[1:]
        if [url.partition("?")[0] for url in urls] != list(FILES):
            self._counts.fault(WRONG, f"/page of {self._name}: {urls}")
            return
        self._links = dict(zip(FILES, urls, strict=True))
        for each in self._begin(self._name, connections=1):
            each.result()

    def _log_out(self) -> None:
        """Log out while assets are on their way, and see that the old cookie is worth nothing."""
        beside = self._begin(self._name, "nobody")
        time.sleep(self._random.uniform(0, 0.02))
        cookie = self._cookie
        self._page("log-out", "/logout", "POST", form={}, Cookie=cookie)
        for each in beside:
            each.result()
        reply = self._page("look", "/look", Cookie=cookie)
        if reply.body != b"nobody 0":
            self._counts.fault(UNDONE, f"{self._name}: {reply.body[:60]!r}")
        self._cookie = ""

    def _page(self, kind: str, path: str, method: str = "GET", **more: Any) -> Reply:
        with Client(*self._where) as client:
            reply = client.fetch(kind, path, method, retry_errors=True, **more)
        cookie = reply.headers.get("set-cookie", "").partition(";")[0]
        if cookie.startswith("session="):
            self._cookie = cookie
        return reply

    def _change(self) -> None:
        """Change what a stored route shows, which purges it."""
        resource = self._random.choice(RESOURCES)
        kind, number = resource
        sent = time.monotonic()
        with Client(*self._where) as client:
            if kind != "items":
                path = f"/change/{kind}/{number}"
                reply = client.fetch("change", path, "POST", {}, retry_errors=True)
            elif self._random.random() < 0.5:
                reply = client.fetch("change", resource.path, "PUT", {}, retry_errors=True)
            else:
                form = {"number": str(number)}
                reply = client.fetch("change", "/items", "POST", form, retry_errors=True)
            version = int(reply.headers["x-version"])
            self._versions.changed(resource, version, Change(sent, time.monotonic()))
            # Whoever has changed it looks at it.
            language = self._random.choice(LANGUAGES)
            self._judge.route(client, resource, language, self._cookie)

    def _begin(self, *users: str, connections: int = _CONNECTIONS) -> list[Future[None]]:
        """Begin to ask for assets and routes, on several connections.

        :param users: those whose the answers of protected routes may be.
        """
        cookie, seed = self._cookie, self._random.random
        return [
            self._threads.submit(self._assets, random.Random(seed()), users, cookie)
            for _ in range(connections)
        ]

    def _assets(self, choose: random.Random, users: tuple[str, ...], cookie: str) -> None:
        with Client(*self._where) as client:
            for _ in range(_EACH):
                if choose.random() < 0.05:
                    self._judge.picture(client, users, cookie)
                elif choose.random() < 0.35:
                    resource, language = choose.choice(RESOURCES), choose.choice(LANGUAGES)
                    self._judge.route(client, resource, language, cookie)
                else:
                    self._file(client, choose, cookie)

    def _file(self, client: Client, choose: random.Random, cookie: str) -> None:
        path = choose.choice(list(FILES))
        url = choose.choice((path, self._links[path]))
        coding, part = choose.choice(("zstd", "br", "gzip", "identity")), None
        # A stylesheet's references make it another length than it was written with.
        if not content.FILES[path].refers and choose.random() < 0.25:
            start = choose.randrange(content.FILES[path].size // 2)
            coding, part = "identity", range(start, start + choose.randrange(1, 1000))
        self._judge.file(client, path, url, coding, cookie, part)
