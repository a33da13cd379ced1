"""The memory of requests makes no difference: not in answers, in what hooks see or in counters.

Each app is made twice, and asked the same: one goes Flask's own way with each request.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import random
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, g, url_for
from werkzeug.routing import PathConverter

from flask_static_optimizer.assets import files
from laws.hooked.apps import ALL, CSS, NOT, REQUESTS, make, write
from laws.hooked.asks import ALL_CODINGS, ALWAYS, Answer, Ask, Browser, asks
from laws.hooked.extensions import NEEDS
from laws.hooked.kinds import APPS
from laws.hooked.later import LATER
from laws.hooked.watching import (
    Messages,
    events,
    listening,
    note,
    request_seen,
    response_seen,
    session_seen,
)

#: The number of requests drawn for each app, and for each way to watch it.
CASES = int(os.environ.get("HOOK_DIFFERENCES_CASES", "0"))

# Flask-Compress and a hook that replaces the body never close the file that was the body.
pytestmark = [
    pytest.mark.needs("flask-session>=0.8", "for sessions in a cachelib cache"),
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:datetime.*utcnow:DeprecationWarning:flask_login"),
]

#: The apps of which nothing is remembered, as their own code may match or make anything.
UNKNOWN = {"makes adapters"}

#: How closely an app is watched, and whether its files have settled.
WAYS = {
    "settled": (NOT, True),
    "watched": (REQUESTS, True),
    "watched closely": (ALL, True),
    "new": (ALL, False),
}


def cases() -> Iterator[Any]:
    for number, name in enumerate(APPS):
        settled = list(WAYS)[:-1]
        some = [settled[number % len(settled)], *(["new"] if number % 2 else [])]
        for way in WAYS if CASES else some:
            yield pytest.param(name, way, id=f"{name}, {way}")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("hooked")
    write(folder)
    time.sleep(files.SETTLED + 0.1)
    yield folder
    gc.collect()  # files that were left open, where the warnings about them are expected


class Pair:
    """The same app twice, each with a browser, and how often Werkzeug matched a file's URL."""

    def __init__(
        self, name: str, root: Path, *, watched: int, first: bool, patch: pytest.MonkeyPatch
    ) -> None:
        self.stack = contextlib.ExitStack()
        messages = Messages()
        logger = logging.getLogger("app")
        patch.setattr(logger, "handlers", [messages])
        patch.setattr(logger, "propagate", False)
        self.matched = [0, 0]
        self._asked = 0

        def to_python(_: Any, value: str) -> str:
            self.matched[self._asked] += 1
            return value

        patch.setattr(PathConverter, "to_python", to_python)
        self.browsers = []
        for anew in (True, False):
            app = make(name, root, anew=anew, watched=watched, first=first)
            if watched == ALL:
                self.stack.enter_context(listening(app))
            self.browsers.append(Browser(app, messages.seen))
        self.known = self._validators()

    def _validators(self) -> dict[str, str]:
        """Return the URL of the stylesheet and the validators that come with it."""
        with self.browsers[0].app.test_request_context():
            url = url_for("static", filename="app.css").removeprefix("/mounted")
        known = {"url": url, "etag": '"none"', "coded": '"none"', "modified": "never"}
        for name, accept in (("etag", ()), ("coded", (("HTTP_ACCEPT_ENCODING", ALL_CODINGS),))):
            answer, other = self.send(Ask("/static/app.css", accept, cookies=False), known)
            assert answer == other
            fields = dict(answer.headers)
            known[name] = fields.get("ETag", '"none"')
            known["modified"] = fields.get("Last-Modified", known["modified"])
        return known

    def send(self, ask: Ask, known: dict[str, str] | None = None) -> list[Answer]:
        answers = []
        for self._asked, browser in enumerate(self.browsers):  # noqa: B020
            answers.append(browser.send(ask, known or self.known))
        return answers

    def compare(self, ask: Ask) -> list[str]:
        """Return how the answers to a request differ."""
        plain, ours = self.send(ask)
        return [
            f"{ask}: {field}\n  Flask: {shown(one, other)}\n  remembered: {shown(other, one)}"
            for field, one, other in zip(Answer._fields, plain, ours, strict=True)
            if one != other
        ]


def shown(this: Any, that: Any) -> str:
    if isinstance(this, list):
        only = [each for each in this if each not in that]
        return str(only or this)[:1500]
    return str(this)[:500]


def need(name: str) -> None:
    if name in NEEDS and find_spec(NEEDS[name]) is None:
        pytest.skip(f"{NEEDS[name]} is not installed")


@pytest.mark.parametrize(("name", "way"), list(cases()))
def test_the_same_answers(name: str, way: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need(name)
    watched, settled = WAYS[way]
    if not settled:
        monkeypatch.setattr(files, "SETTLED", 1e9)
    pair = Pair(name, root, watched=watched, first=not settled, patch=monkeypatch)
    with pair.stack:
        asked = asks(f"{name}, {way}", CASES or (6 if settled else 4))
        asked = [*ALWAYS, *asked] if settled or CASES else asked
        found = [text for ask in asked for _ in range(3) for text in pair.compare(ask)]
        if settled:
            pair.matched[:] = 0, 0
            random.Random(name).shuffle(asked)
            found += [text for ask in asked for text in pair.compare(ask)]
            flasks, ours = pair.matched
            assert ours == flasks if name in UNKNOWN else ours * 3 < flasks
    assert not found, f"{len(found)} differences\n" + "\n".join(found[:6])


#: Some of the apps, for what is tested with fewer of them.
SOME = ["has no hooks", "does nothing", "appends", "reads the session before", "compresses"]


@pytest.mark.parametrize("change", LATER)
def test_an_app_that_changes(change: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hook, a class or a setting that is changed while the app serves is heard."""
    pair = Pair("reads the session before", root, watched=NOT, first=False, patch=monkeypatch)
    asked = [*ALWAYS, Ask("/static/app.css?x=1")]
    found = [text for ask in asked for _ in range(2) for text in pair.compare(ask)]
    before = [pair.send(ask)[0] for ask in asked]
    for browser in pair.browsers:
        LATER[change](browser.app)
    found += [text for ask in asked for _ in range(2) for text in pair.compare(ask)]
    assert not found, f"{len(found)} differences\n" + "\n".join(found[:6])
    after = [pair.send(ask)[0] for ask in asked]
    assert [answer[:5] for answer in before] != [answer[:5] for answer in after], "no change"


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("name", [*SOME, "has no memory", "debugs", "keeps sessions in memory"])
def test_files_that_change(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path)
    pair = Pair(name, tmp_path, watched=NOT, first=False, patch=monkeypatch)
    days = iter(range(1, 99))

    def put(file: str, data: bytes | None) -> None:
        path = tmp_path / "static" / file
        if data is None:
            path.unlink()
        else:
            path.write_bytes(data)
            then = time.time() - 86400 * next(days)
            os.utime(path, (then, then))

    css = Ask("/static/app.css", (("HTTP_ACCEPT_ENCODING", ALL_CODINGS),))
    conditional = Ask("/static/app.css", (("HTTP_IF_NONE_MATCH", "{etag}"),))
    asked = [css, conditional, Ask(None), Ask("/static/none.css"), Ask("/static/app.css")]
    states = [
        ("app.css", b"b { color: blue }" * 99),
        ("app.css", b"b { color: pink }" * 99),
        ("app.css", None),
        ("none.css", CSS),
        ("app.css", CSS),
        ("dot.svg", b"<svg/>"),
        ("dot.svg", None),
        ("none.css", None),
    ]
    bodies = set()
    for file, data in [("app.css", CSS), *states]:
        put(file, data)
        found = [text for ask in asked for _ in range(3) for text in pair.compare(ask)]
        assert not found, f"{file} {data and data[:20]!r}\n" + "\n".join(found[:6])
        bodies.add(pair.send(asked[-1])[1].body)
    assert len(bodies) >= 5


def use(app: Flask) -> list[str]:
    """Use an app by Flask's contexts and its test client, and return what was seen."""
    seen = events(app)
    client = app.test_client()
    broken = contextlib.suppress(ValueError, RuntimeError)  # of hooks that raise
    for path in ("/static/app.css", "/login", "/static/app.css", "/page", "/static/app.css"):
        with client:
            response = client.get(path, headers={"Accept-Encoding": "gzip"}, buffered=True)
            seen.append((response.status, response.data, sorted(response.headers.keys())))
            note(request_seen(), session_seen(), sorted(vars(g)))
    with client.session_transaction("/static/app.css") as real:
        real["kept"] = real.get("kept", 0) + 1
    for _ in range(3):
        with app.test_request_context("/static/app.css?x=1"), broken:
            note(request_seen(), session_seen())
            answered = app.preprocess_request()
            response = app.make_response(app.dispatch_request() if answered is None else answered)
            with response, broken:
                note(response_seen(app.process_response(response)), session_seen())
        with app.test_request_context("/static/small.txt", headers={"Range": "bytes=1-2"}), broken:
            response = app.full_dispatch_request()
            response.direct_passthrough = False
            note(response_seen(response), response.get_data(), sorted(vars(g)))
            response.close()
    with client:
        client.get("/page")
        note(session_seen())
    return [repr(each) for each in seen]


@pytest.mark.parametrize("watched", [NOT, ALL])
@pytest.mark.parametrize(
    "name", [*SOME, "raises", "logs in", "writes the session before", "debugs"]
)
def test_contexts_that_are_kept(
    name: str, watched: int, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = Pair(name, root, watched=watched, first=False, patch=monkeypatch)
    with pair.stack:
        for browser in pair.browsers:
            for ask in ALWAYS:
                browser.send(ask, pair.known)
            events(browser.app).clear()
        flasks, ours = (use(browser.app) for browser in pair.browsers)
    assert ours == flasks
    figures = [b.app.extensions["static_optimizer"].stats.figures() for b in pair.browsers]
    assert figures[0] == figures[1]
