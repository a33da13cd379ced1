"""The isolated and the protected session, by themselves."""

from __future__ import annotations

from typing import Any

import pytest
from flask.sessions import SecureCookieSession, SessionMixin

from flask_static_optimizer.endpoints import StaticEndpoint
from flask_static_optimizer.marking import Mark
from flask_static_optimizer.policy import CachePolicy
from flask_static_optimizer.session import StaticSession

MARK = Mark(StaticEndpoint("static", True, (), CachePolicy()), CachePolicy(), protected=False)


class Store:
    """Counts how often the real session is asked for."""

    def __init__(self, **data: Any) -> None:
        self.data = data
        self.asked = 0

    def open(self) -> SessionMixin:
        self.asked += 1
        return SecureCookieSession(self.data)


def test_isolated_reads_as_empty_and_takes_writes() -> None:
    session = StaticSession(MARK)
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
    assert session.dropped == {"user", "more"}
    session.clear()
    assert len(session) == 0


def test_isolated_has_what_session_objects_are_asked_for() -> None:
    session = StaticSession(MARK)
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


def test_protected_opens_the_real_one_when_looked_at_and_once() -> None:
    store = Store(user="ada")
    session = StaticSession(MARK, store.open)
    assert store.asked == 0
    assert session["user"] == "ada"
    assert "user" in session
    assert session.looked
    assert store.asked == 1


@pytest.mark.parametrize(
    "look",
    [bool, len, list, dict, lambda s: "x" in s, lambda s: s.get("x"), lambda s: s.pop("x", 0),
     lambda s: s.permanent, lambda s: s.setdefault("x", 1), lambda s: s == {}],
)  # fmt: skip
def test_every_way_of_looking_opens_it(look: Any) -> None:
    store = Store(user="ada")
    session = StaticSession(MARK, store.open)
    look(session)
    assert store.asked == 1
    assert session.looked


def test_blind_writes_open_nothing_and_show_once_it_is_open() -> None:
    store = Store(user="ada", _permanent=False)
    session = StaticSession(MARK, store.open)
    session.permanent = True
    session["seen"] = 1
    session.modified = True
    repr(session)
    assert store.asked == 0
    assert not session.looked
    assert session.permanent is True
    assert dict(session) == {"user": "ada", "_permanent": True, "seen": 1}
    assert store.data == {"user": "ada", "_permanent": False}


def test_sealed_before_anybody_looked_it_is_empty() -> None:
    store = Store(user="ada")
    session = StaticSession(MARK, store.open)
    session.seal()
    assert session.get("user") is None
    session["late"] = 1
    assert store.asked == 0
    assert not session.looked
    assert not session.written
    assert session.dropped == {"late"}


def test_sealed_afterwards_it_stays_what_it_was() -> None:
    store = Store(user="ada")
    session = StaticSession(MARK, store.open)
    assert session["user"]
    session.seal()
    assert session["user"] == "ada"
    assert store.asked == 1


def test_a_dead_store_is_asked_once() -> None:
    asked = []

    def fail() -> SessionMixin:
        asked.append(1)
        raise ConnectionError("down")

    session = StaticSession(MARK, fail)
    for _ in range(3):
        with pytest.raises(ConnectionError):
            session.get("user")
    assert asked == [1]


def test_permanent_alone_is_no_write() -> None:
    session = StaticSession(MARK)
    session.permanent = True
    assert not session.written
    assert session.dropped == frozenset()
