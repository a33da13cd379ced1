"""Time: sessions expire after the last page, and responses after what they say.

The clock is freezegun's. It moves neither Redis's nor memcached's, so none of them is here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import cachelib
import pytest
from flask import Flask, Response, abort, make_response, send_file, session
from flask_session import Session
from flask_sqlalchemy import SQLAlchemy
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from werkzeug.datastructures import Headers
from werkzeug.http import http_date, parse_cache_control_header
from werkzeug.test import TestResponse

from flask_static_optimizer import cacheable_static

MakeApp = Callable[..., Flask]


@pytest.fixture(params=["hooks", "lane"])
def through(request: pytest.FixtureRequest) -> str:
    return str(request.param)


START = datetime(2031, 5, 4, 3, 2, 1)  # noqa: DTZ001  # freezegun's clock is UTC
LIFETIME = timedelta(minutes=10)
ASSETS = ["/static/app.css", "/static/app.js", "/drawn.svg"]

# Flask-Session's SQLAlchemy backend asks datetime.utcnow(), deprecated since Python 3.12.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")


@pytest.fixture
def clock() -> Iterator[FrozenDateTimeFactory]:
    with freeze_time(START, ignore=["_pytest.timing"]) as frozen:
        assert isinstance(frozen, FrozenDateTimeFactory)
        yield frozen


# -- Sessions ---------------------------------------------------------------------------------

#: Whether each backend still has the session at the very second of its expiry.
ALIVE_AT_EXPIRY = {
    "SimpleCache": False,  # expires > now
    "FileSystemCache": True,  # expires >= now
    "SQLAlchemy": False,  # expiry <= now is dead
    "signed cookie": True,  # age > max_age is dead
}
SERVER_SIDE = [
    pytest.param(name, marks=pytest.mark.needs("flask-session>=0.7", "for this backend"))
    for name in ALIVE_AT_EXPIRY
    if name != "signed cookie"
]
BACKENDS = [*SERVER_SIDE, "signed cookie"]


@dataclass
class Visitor:
    """A browser at one app, and the moments at which it asks."""

    clock: FrozenDateTimeFactory
    app: Flask

    def __post_init__(self) -> None:
        self.client = self.app.test_client()
        self.clock.move_to(START)
        assert self.get("/login") == "1"

    def get(self, path: str) -> str:
        return self.client.get(path).text

    def get_at(self, moment: timedelta, path: str) -> str:
        self.clock.move_to(START + moment)
        return self.get(path)

    def assets_until(self, moment: timedelta, *, step: timedelta = LIFETIME / 6) -> None:
        """Fetch assets from now on, to a second before the moment."""
        moment -= timedelta(seconds=1)
        while (now := self.clock() - START) < moment:
            self.clock.move_to(START + min(now + step, moment))
            for path in ASSETS:
                self.get(path)

    @property
    def cookie_expires(self) -> datetime | None:
        cookie = self.client.get_cookie("session")
        return cookie.expires if cookie else None


@pytest.fixture
def visitor(
    make_app: MakeApp, clock: FrozenDateTimeFactory, tmp_path: Path
) -> Iterator[Callable[..., Visitor]]:
    """Log a browser in at START, at an app that keeps its sessions in the named backend."""
    databases: list[tuple[Flask, SQLAlchemy]] = []

    def install(app: Flask, backend: str) -> None:
        folder = tmp_path / f"store-{len(databases)}-{id(app)}"
        if backend == "SQLAlchemy":
            app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{folder}.db"
            database = SQLAlchemy(app)
            databases.append((app, database))
            app.config.update(SESSION_TYPE="sqlalchemy", SESSION_SQLALCHEMY=database)
        elif backend == "SimpleCache":
            app.config.update(SESSION_TYPE="cachelib", SESSION_CACHELIB=cachelib.SimpleCache())
        elif backend == "FileSystemCache":
            cache = cachelib.FileSystemCache(str(folder))
            app.config.update(SESSION_TYPE="cachelib", SESSION_CACHELIB=cache)
        if backend != "signed cookie":
            Session(app)

    def add_views(app: Flask) -> None:
        @app.get("/login")
        def login() -> str:
            session.permanent = True
            session["visits"] = 1
            return "1"

        @app.get("/drawn.svg")
        @cacheable_static
        def drawn() -> str:
            return "<svg/>"

    def make(backend: str, **config: Any) -> Visitor:
        def before(app: Flask) -> None:
            install(app, backend)
            add_views(app)

        app = make_app(before=before, PERMANENT_SESSION_LIFETIME=LIFETIME, **config)
        return Visitor(clock, app)

    yield make
    for app, database in databases:
        with app.app_context():
            database.engine.dispose()


@pytest.mark.parametrize("refresh", [True, False])
@pytest.mark.parametrize("seconds", [-1, 0, 1])
@pytest.mark.parametrize("backend", BACKENDS)
def test_the_last_page_starts_the_lifetime(
    visitor: Callable[..., Visitor], backend: str, seconds: int, refresh: bool
) -> None:
    """A session ends one lifetime after the last page."""
    moment = LIFETIME + timedelta(seconds=seconds)
    config = {"SESSION_REFRESH_EACH_REQUEST": refresh}
    plain = visitor(backend, optimize=False, **config)
    without_assets = plain.get_at(moment, "/look")

    ours = visitor(backend, **config)
    ours.assets_until(moment)
    assert ours.get_at(moment, "/look") == without_assets
    alive = seconds < 0 or (seconds == 0 and ALIVE_AT_EXPIRY[backend])
    assert without_assets == ("1" if alive else "0")


@pytest.mark.parametrize("backend", BACKENDS)
def test_plain_assets_keep_a_session_alive(visitor: Callable[..., Visitor], backend: str) -> None:
    plain = visitor(backend, optimize=False)
    plain.assets_until(3 * LIFETIME)
    assert plain.get_at(3 * LIFETIME, "/look") == "1"


@pytest.mark.parametrize(
    ("page", "refresh", "slides"),
    [("/", True, True), ("/", False, True), ("/look", True, True), ("/look", False, False)],
)
@pytest.mark.parametrize("backend", BACKENDS)
def test_pages_between_assets_refresh(
    visitor: Callable[..., Visitor], backend: str, page: str, refresh: bool, slides: bool
) -> None:
    """Pages between assets refresh the session as they do without us.

    Turning ``SESSION_REFRESH_EACH_REQUEST`` off for one request turns it off for the page in the
    next thread.
    """
    config = {"SESSION_REFRESH_EACH_REQUEST": refresh}
    visit = 0.75 * LIFETIME
    end = visit + LIFETIME
    for ask, alive in [
        (LIFETIME + timedelta(seconds=1), slides),
        (end - timedelta(seconds=1), slides),
        (end + timedelta(seconds=1), False),
    ]:
        plain = visitor(backend, optimize=False, **config)
        plain.get_at(visit, page)
        without_assets = plain.get_at(ask, "/look")

        ours = visitor(backend, **config)
        ours.assets_until(visit)
        ours.get_at(visit, page)
        ours.assets_until(ask)
        assert ours.get_at(ask, "/look") == without_assets
        assert (without_assets != "0") == alive


@pytest.mark.parametrize("refresh", [True, False])
@pytest.mark.parametrize("backend", BACKENDS)
def test_assets_leave_the_cookies_expiry(
    visitor: Callable[..., Visitor], backend: str, refresh: bool
) -> None:
    """Assets leave the expiry of the cookie alone."""
    ours = visitor(backend, SESSION_REFRESH_EACH_REQUEST=refresh)
    ours.assets_until(LIFETIME / 2)
    assert ours.cookie_expires == _utc(START + LIFETIME)
    ours.get("/")
    assert ours.cookie_expires == _utc(ours.clock() + LIFETIME)


@pytest.mark.parametrize("backend", BACKENDS)
def test_control_assets_put_the_expiry_off(visitor: Callable[..., Visitor], backend: str) -> None:
    """Control: without the extension assets put the expiry of the cookie off."""
    plain = visitor(backend, optimize=False)
    plain.assets_until(LIFETIME / 2)
    assert plain.cookie_expires == _utc(plain.clock() + LIFETIME)


@pytest.mark.parametrize("backend", SERVER_SIDE)
def test_an_asset_makes_no_new_session(visitor: Callable[..., Visitor], backend: str) -> None:
    """An asset after the session's expiry makes no new session."""
    ours = visitor(backend)
    cookie = ours.client.get_cookie("session")
    ours.clock.move_to(START + 2 * LIFETIME)
    for path in ASSETS:
        assert "Set-Cookie" not in ours.client.get(path).headers
    assert ours.client.get_cookie("session") == cookie
    assert ours.get("/look") == "0"


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=timezone.utc)


# -- Freshness --------------------------------------------------------------------------------


class Stored:
    """A response as a cache keeps it, and what RFC 9111 §4.2 says of its freshness.

    :param asked: when the request was sent, and `received` the response; the latter stands in
        for a ``Date`` that is missing (RFC 9110 §6.6.1).
    """

    def __init__(self, headers: Headers, asked: datetime, received: datetime | None = None) -> None:
        self.headers = headers
        self.asked = _utc(asked)
        self.received = _utc(received or asked)
        self.says = parse_cache_control_header(headers.get("Cache-Control"))

    @property
    def date(self) -> datetime:
        return _date(self.headers.get("Date")) or self.received

    def lifetime(self, *, shared: bool = False) -> float | None:
        """Return ``s-maxage``, ``max-age``, ``Expires`` less ``Date``, or None (§4.2.1)."""
        for name in ["s-maxage", "max-age"] if shared else ["max-age"]:
            if name in self.says:
                return int(self.says[name] or 0)
        if "Expires" in self.headers:
            expires = _date(self.headers["Expires"])
            return (expires - self.date).total_seconds() if expires else 0
        return None

    def age(self, now: datetime) -> float:
        """Return the age (§4.2.3)."""
        apparent = max(0.0, (self.received - self.date).total_seconds())
        delay = (self.received - self.asked).total_seconds()
        corrected = int(self.headers.get("Age", 0)) + delay
        return max(apparent, corrected) + (_utc(now) - self.received).total_seconds()

    def is_usable(self, now: datetime, *, excuse: str | None = None) -> bool:
        """Return True if it may answer without asking.

        :param excuse: ``stale-while-revalidate`` or ``stale-if-error`` (RFC 5861), whose window
            is then open.
        """
        if self.says.keys() & {"no-cache", "no-store"}:
            return False
        lifetime = self.lifetime()
        if lifetime is None:
            return False  # no heuristics (§4.2.2) here: what is not said counts as stale
        window = int(self.says.get(excuse) or -1) if excuse else -1
        staleness = self.age(now) - lifetime
        return staleness < 0 or staleness <= window


def _date(value: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(value) if value else None
    except ValueError:
        return None


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


@pytest.mark.parametrize(
    ("headers", "lifetime", "age"),
    [
        ({"Cache-Control": "max-age=60"}, 60, 4),
        ({"Cache-Control": "max-age=60", "Date": http_date(START - seconds(9))}, 60, 11),
        ({"Cache-Control": "max-age=60", "Date": http_date(START + seconds(9))}, 60, 4),
        ({"Cache-Control": "max-age=60", "Age": "30"}, 60, 34),
        ({"Expires": http_date(START + seconds(60)), "Date": http_date(START)}, 60, 4),
        ({"Expires": http_date(START + seconds(60)), "Cache-Control": "max-age=5"}, 5, 4),
        ({"Expires": "0"}, 0, 4),
        ({}, None, 4),
    ],
)
def test_calculator_follows_rfc_9111(
    headers: dict[str, str], lifetime: int | None, age: int
) -> None:
    stored = Stored(Headers(headers), asked=START - seconds(2), received=START)
    stored_age = stored.age(START + seconds(2))
    assert stored.lifetime() == lifetime
    assert stored_age == age


@pytest.fixture
def site(make_app: MakeApp, static_folder: Path) -> Callable[..., Flask]:
    """Make an app with routes that say how long they last in each way, and are not stored."""
    for path in static_folder.rglob("*.*"):
        os.utime(path, (1_500_000_000, 1_500_000_000))

    def add_views(app: Flask) -> None:
        def route(path: str, headers: Callable[[], dict[str, str]], **policy: Any) -> None:
            @cacheable_static(store=False, **policy)
            def view() -> Response:
                response = make_response(path)
                response.headers.update(headers())
                return response

            app.add_url_rule(path, path.strip("/"), view)

        def says(value: str) -> Callable[[], dict[str, str]]:
            return lambda: {"Cache-Control": value}

        def expires_in(number: int) -> Callable[[], dict[str, str]]:
            return lambda: {"Expires": http_date(datetime.now(timezone.utc) + seconds(number))}

        route("/default", dict)
        route("/day", dict, max_age=timedelta(days=1))
        route("/never", dict, max_age=0)
        route("/own-max-age", says("max-age=30"), max_age=600)
        route("/own-no-cache", says("no-cache"), max_age=600)
        route("/own-expires", expires_in(45), max_age=600)
        route("/expired", expires_in(-1), max_age=600)
        route("/expires-0", lambda: {"Expires": "0"}, max_age=600)
        route(
            "/both",
            lambda: {**says("max-age=30")(), **expires_in(45)()},
            max_age=600,
        )
        route("/while", dict, max_age=60, stale_while_revalidate=40)
        route("/error", dict, max_age=60, stale_if_error=500)

        @app.get("/expired-file")
        @cacheable_static
        def expired_file() -> Response:
            response = send_file(static_folder / "app.css")
            response.headers["Expires"] = "0"
            return response

        @app.get("/missing")
        @cacheable_static(max_age=600)
        def missing() -> Response:
            abort(404)

    return lambda **config: make_app(before=add_views, **config)


def fetch(app: Flask, path: str, **kwargs: Any) -> tuple[TestResponse, Stored]:
    """Ask for a path now, as the frozen clock has it, of a server that adds a missing Date."""
    now = datetime.now(timezone.utc)
    response = app.test_client().get(path, **kwargs)
    response.headers.setdefault("Date", http_date(now))
    return response, Stored(response.headers, now)


@pytest.mark.parametrize(
    ("path", "config", "lifetime"),
    [
        ("/static/app.css", {}, 3600),
        ("/static/app.css", {"STATIC_OPTIMIZER_UNVERSIONED_MAX_AGE": 90}, 90),
        ("/static/app.css", {"SEND_FILE_MAX_AGE_DEFAULT": 120}, 120),
        ("/static/app.css", {"SEND_FILE_MAX_AGE_DEFAULT": timedelta(minutes=3)}, 180),
        ("/static/app.js", {"STATIC_OPTIMIZER_RULES": {"static:*.js": {"max_age": 7}}}, 7),
        ("/default", {}, 3600),
        ("/default", {"STATIC_OPTIMIZER_UNVERSIONED_MAX_AGE": 90}, 90),
        ("/day", {}, 86400),
        ("/own-max-age", {}, 30),
        ("/own-expires", {}, 45),
        ("/both", {}, 30),
    ],
)
def test_fresh_for_its_lifetime(
    site: Callable[..., Flask],
    clock: FrozenDateTimeFactory,
    path: str,
    config: dict[str, Any],
    lifetime: int,
) -> None:
    """A response is fresh for as long as it says, and not a second more."""
    _, stored = fetch(site(**config), path)
    assert stored.lifetime() == lifetime
    assert stored.is_usable(START + seconds(lifetime - 1))
    assert not stored.is_usable(START + seconds(lifetime))
    assert not stored.is_usable(START + seconds(lifetime + 1))


@pytest.mark.parametrize(
    "path", ["/never", "/own-no-cache", "/expired", "/expires-0", "/expired-file"]
)
def test_no_lifetime_means_asking(
    site: Callable[..., Flask], clock: FrozenDateTimeFactory, path: str
) -> None:
    """A response that was said not to last is never used without asking."""
    response, stored = fetch(site(), path)
    assert response.status_code == 200
    assert not stored.is_usable(START)


@pytest.mark.parametrize("path", ["/static/none.css", "/missing"])
def test_an_error_is_never_kept(
    site: Callable[..., Flask], clock: FrozenDateTimeFactory, path: str
) -> None:
    response, stored = fetch(site(), path)
    assert response.status_code == 404
    assert "no-store" in stored.says


def test_expires_agrees_with_max_age(
    site: Callable[..., Flask], clock: FrozenDateTimeFactory
) -> None:
    """Expires and ``max-age`` never disagree on a file.

    Werkzeug's send_file says Expires too, from Flask's default.
    """
    for config in (
        {"SEND_FILE_MAX_AGE_DEFAULT": 120},
        {"SEND_FILE_MAX_AGE_DEFAULT": 120, "STATIC_OPTIMIZER_UNVERSIONED_MAX_AGE": 5},
        {"STATIC_OPTIMIZER_RULES": {"static": {"max_age": 0}}, "SEND_FILE_MAX_AGE_DEFAULT": 120},
    ):
        _, stored = fetch(site(**config), "/static/app.css")
        expires = _date(stored.headers.get("Expires"))
        assert expires is None or expires - stored.date == seconds(stored.lifetime() or 0)


@pytest.mark.parametrize("path", ["/static/app.css", "/day", "/own-max-age", "/while", "/never"])
def test_revalidation_renews(
    site: Callable[..., Flask], clock: FrozenDateTimeFactory, path: str
) -> None:
    """Revalidation after expiry renews the response that was kept."""
    app = site()
    _, first = fetch(app, path)
    later = START + seconds((first.lifetime() or 0) + 1)
    clock.move_to(later)
    assert not first.is_usable(later)

    response, renewed = fetch(app, path, headers={"If-None-Match": first.headers["ETag"]})
    assert response.status_code == 304
    assert response.data == b""
    for name in ("ETag", "Cache-Control"):
        assert renewed.headers[name] == first.headers[name]
    assert renewed.date == _utc(later)
    assert renewed.is_usable(later) == first.is_usable(START)


def test_a_changed_file_is_sent_anew(
    site: Callable[..., Flask], clock: FrozenDateTimeFactory, static_folder: Path
) -> None:
    """A file that changed is sent anew after expiry."""
    app = site()
    _, first = fetch(app, "/static/app.css")
    (static_folder / "app.css").write_bytes(b"body { color: rebeccapurplE }\n" * 40)  # same size
    clock.tick(3601)
    response, second = fetch(
        app, "/static/app.css", headers={"If-None-Match": first.headers["ETag"]}
    )
    assert response.status_code == 200
    assert response.data.startswith(b"body { color: rebeccapurplE")
    assert second.headers["ETag"] != first.headers["ETag"]
    assert second.is_usable(START + seconds(3601 + 3599))


@pytest.mark.parametrize(
    ("path", "excuse", "window"),
    [("/while", "stale-while-revalidate", 40), ("/error", "stale-if-error", 500)],
)
def test_stale_windows(
    site: Callable[..., Flask],
    clock: FrozenDateTimeFactory,
    path: str,
    excuse: str,
    window: int,
) -> None:
    """The windows of stale responses open at expiry and close in time."""
    _, stored = fetch(site(), path)
    end = START + seconds(60 + window)
    assert stored.is_usable(START + seconds(59))
    assert not stored.is_usable(START + seconds(60))
    assert stored.is_usable(START + seconds(60), excuse=excuse)
    assert stored.is_usable(end, excuse=excuse)
    assert not stored.is_usable(end + seconds(1), excuse=excuse)
    other = {"stale-while-revalidate", "stale-if-error"} - {excuse}
    assert not stored.is_usable(START + seconds(60), excuse=other.pop())


TIMES = [START, START + timedelta(days=4000, seconds=7), START - timedelta(days=9000), START]


@pytest.mark.parametrize("conditional", [False, True])
@pytest.mark.parametrize("path", ["/static/app.css", "/static/none.css", "/default", "/while"])
def test_headers_do_not_depend_on_the_clock(
    site: Callable[..., Flask], clock: FrozenDateTimeFactory, path: str, conditional: bool
) -> None:
    """The headers are the same at any time, but for Date.

    One app through all the times: forwards, back before the file was written, and again.
    """
    app = site()
    etag = fetch(app, path)[0].headers.get("ETag", '"none"')
    headers = {"If-None-Match": etag} if conditional else {}
    said = []
    for time in TIMES:
        clock.move_to(time)
        response, stored = fetch(app, path, headers=headers)
        assert stored.date == _utc(time)
        kept = [(name, value) for name, value in response.headers if name != "Date"]
        said.append((response.status_code, kept, response.data))
    assert said == [said[0]] * len(TIMES)


def test_a_clock_set_back(site: Callable[..., Flask], clock: FrozenDateTimeFactory) -> None:
    """A clock that is set back makes nothing fresh for longer."""
    app = site()
    _, before = fetch(app, "/while")
    clock.move_to(START - timedelta(days=1))
    response, after = fetch(app, "/while", headers={"If-None-Match": before.headers["ETag"]})
    assert response.status_code == 304
    assert after.lifetime() == before.lifetime() == 60
    assert not after.is_usable(START - timedelta(days=1) + seconds(60))
    # Kept by a cache whose clock is right, it is a day old at once.
    wrong = Stored(response.headers, START)
    assert wrong.age(START) == timedelta(days=1).total_seconds()
