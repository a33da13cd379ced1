"""The isolated and the protected session, by themselves."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from flask.sessions import SecureCookieSession, SessionMixin

from flask_static_optimizer.config.policy import CachePolicy
from flask_static_optimizer.requests.mark import Mark
from flask_static_optimizer.requests.static_endpoint import StaticEndpoint
from flask_static_optimizer.session.static_session import StaticSession


@pytest.fixture
def mark() -> Mark:
    endpoint = StaticEndpoint("static", True, (), CachePolicy())
    return Mark(endpoint, CachePolicy(), {}, protected=False)


@pytest.fixture
def give(mark: Mark) -> Callable[..., StaticSession]:
    return partial(StaticSession, mark, None)


Give = Callable[..., StaticSession]


class Store:
    """A store that counts how often the real session is asked for."""

    def __init__(self, **data: Any) -> None:
        self.data = data
        self.asked = 0

    def open(self) -> SessionMixin:
        self.asked += 1
        return SecureCookieSession(self.data)


def test_isolated_reads_as_empty_and_takes_writes(give: Give, mark: Mark) -> None:
    session = give()
    assert not session
    assert dict(session) == {}
    assert session.get("user") is None
    assert session.new
    assert session.permanent is False
    session["user"] = "ada"
    session.permanent = True
    session.setdefault("more", []).append(1)
    assert session["user"] == "ada"
    assert session.pop("user") == "ada"
    assert session.permanent is True
    assert session.modified
    assert mark.session.dropped == {"user", "more"}
    session.clear()
    assert len(session) == 0


def test_isolated_has_a_sessions_attributes(give: Give, mark: Mark) -> None:
    """An isolated session has the attributes that session objects are asked for."""
    session = give()
    assert isinstance(session, SessionMixin)
    assert len(session.sid) > 20
    assert session.sid == session.sid
    assert session.copy() == {}
    session.sid = "mine"
    assert session.sid == "mine"
    session.modified = False
    session.accessed = True
    with pytest.raises(AttributeError):
        _ = session.no_such_thing
    with pytest.raises(KeyError):
        _ = session["nothing"]


def test_protected_opens_once_when_looked_at(give: Give, mark: Mark) -> None:
    """A protected session opens the real one when somebody looks, and once."""
    store = Store(user="ada")
    session = give(store.open)
    assert store.asked == 0
    assert session["user"] == "ada"
    assert "user" in session
    assert mark.session.looked
    assert store.asked == 1


@pytest.mark.parametrize(
    "look",
    [bool, len, list, dict, lambda s: "x" in s, lambda s: s.get("x"), lambda s: s.pop("x", 0),
     lambda s: s.permanent, lambda s: s.setdefault("x", 1), lambda s: s == {},
     lambda s: s | {"x": 1}, lambda s: list(reversed(s))],
)  # fmt: skip
def test_every_way_of_looking_opens_it(look: Any, give: Give, mark: Mark) -> None:
    store = Store(user="ada")
    session = give(store.open)
    look(session)
    assert store.asked == 1
    assert mark.session.looked


def test_blind_writes_open_nothing(give: Give, mark: Mark) -> None:
    """A write without a look opens nothing, and shows once the session is open."""
    store = Store(user="ada", _permanent=False)
    session = give(store.open)
    session.permanent = True
    session["seen"] = 1
    session.modified = True
    repr(session)
    assert store.asked == 0
    assert not mark.session.looked
    assert session.permanent is True
    assert dict(session) == {"user": "ada", "_permanent": True, "seen": 1}
    assert store.data == {"user": "ada", "_permanent": False}


def test_when_nobody_looked_before_the_view_returned_it_is_empty(give: Give, mark: Mark) -> None:
    store = Store(user="ada")
    session = give(store.open)
    mark.has_returned = True
    assert session.get("user") is None
    session["late"] = 1
    assert store.asked == 0
    assert not mark.session.looked
    assert not mark.session.written
    assert mark.session.dropped == {"late"}


def test_read_before_the_view_returned_it_stays_what_it_was(give: Give, mark: Mark) -> None:
    store = Store(user="ada")
    session = give(store.open)
    assert session["user"]
    mark.has_returned = True
    assert session["user"] == "ada"
    assert store.asked == 1


def test_a_dead_store_is_asked_once(give: Give, mark: Mark) -> None:
    asked = []

    def fail() -> SessionMixin:
        asked.append(1)
        raise ConnectionError("down")

    session = give(fail)
    for _ in range(3):
        with pytest.raises(ConnectionError):
            session.get("user")
    assert asked == [1]


def test_permanent_alone_is_no_write(give: Give, mark: Mark) -> None:
    session = give()
    session.permanent = True
    assert not mark.session.written
    assert mark.session.dropped == frozenset()


def test_an_own_session_class(mark: Mark) -> None:
    """A session class of the app's own keeps its methods."""

    class Mine(SecureCookieSession):
        dropped = "mine"

        def user(self) -> str:
            return self.get("user", "nobody")

    isolated = StaticSession(mark, Mine)
    assert isolated.user() == "nobody"
    assert isolated.dropped == "mine"
    protected = StaticSession(mark, None, lambda: Mine({"user": "ada"}))
    assert protected.user() == "ada"


def test_a_session_class_with_arguments(mark: Mark) -> None:
    """A session class that cannot be made without arguments gives way to Flask's."""

    class Demanding(SecureCookieSession):
        def __init__(self, store: object) -> None:
            raise AssertionError("never made")

    assert StaticSession(mark, Demanding).get("user") is None


def test_many_threads_may_look_at_once(give: Give) -> None:
    def slow() -> SessionMixin:
        time.sleep(0.05)
        return SecureCookieSession({"user": "ada"})

    session = give(slow)
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: session.get("user"), range(4))) == {"ada"}
