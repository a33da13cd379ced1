"""Making a session interface aware of static requests, whatever it is."""

from __future__ import annotations

import abc
import gc
import weakref
from collections.abc import Callable
from typing import Any
from unittest import mock

import flask
import pytest
from flask import Flask, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionInterface
from werkzeug.local import LocalProxy
from werkzeug.routing import BaseConverter

from flask_static_optimizer import cacheable_static, is_static_request

MakeApp = Callable[..., Flask]


@pytest.fixture
def through() -> str:
    """Serve files through hooks, so that they reach the session interface."""
    return "hooks"


class Counting(SecureCookieSessionInterface):
    def __init__(self) -> None:
        self.opened = 0
        self.saved = 0

    def open_session(self, app: Any, request: Any) -> Any:
        self.opened += 1
        return super().open_session(app, request)

    def save_session(self, app: Any, session: Any, response: Any) -> None:
        self.saved += 1
        super().save_session(app, session, response)


class Slotted(SecureCookieSessionInterface):
    __slots__ = ("opened", "saved")

    __init__ = Counting.__init__
    open_session = lambda self, app, request: (  # noqa: E731
        setattr(self, "opened", self.opened + 1)
        or SecureCookieSessionInterface.open_session(self, app, request)
    )

    def save_session(self, app: Any, session: Any, response: Any) -> None:
        self.saved += 1
        SecureCookieSessionInterface.save_session(self, app, session, response)


class Abstract(Counting, abc.ABC):
    @property
    @abc.abstractmethod
    def name(self) -> str: ...


class Concrete(Abstract):
    name = "concrete"


class Frozen(Counting):
    def __setattr__(self, name: str, value: object) -> None:
        if name not in ("opened", "saved"):
            raise AttributeError(name)
        super().__setattr__(name, value)


class Choosy(Counting):
    """An interface that refuses to be subclassed, as compiled and final classes do."""

    def __init_subclass__(cls, **_: object) -> None:
        raise TypeError("final")


class Duck:
    """An object that is no SessionInterface and has its methods."""

    def __init__(self) -> None:
        self._counting = Counting()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._counting, name)


KINDS: dict[str, Callable[[], Any]] = {
    "plain": Counting,
    "slotted": Slotted,
    "abstract": Concrete,
    "frozen": Frozen,
    "final": Choosy,
    "duck": Duck,
    "proxy": lambda: LocalProxy(_hold(Counting())),
    "mock": lambda: mock.Mock(wraps=Counting()),
}


def _hold(value: Any) -> Callable[[], Any]:
    return lambda: value


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("optimize", [True, False])
def test_an_interface_keeps_its_attributes(make_app: MakeApp, kind: str, optimize: bool) -> None:
    """What stands at ``app.session_interface`` can be read, set and recognised as before."""
    interface = KINDS[kind]()

    def assign(app: Flask) -> None:
        app.session_interface = interface

    app = make_app(before=assign, optimize=optimize)
    app.test_client().get("/")
    at: Any = app.session_interface
    assert isinstance(at, interface.__class__)
    assert at == interface
    assert hash(at) == hash(interface)
    assert repr(at) == repr(interface)
    assert set(dir(interface)) - {"static_optimizer_aware"} <= set(dir(at))
    if kind not in ("slotted", "frozen"):
        at.salt_of_mine = "x"
        assert interface.salt_of_mine == "x"
        del at.salt_of_mine
        assert kind == "mock" or not hasattr(interface, "salt_of_mine")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("order", ["before", "after"])
def test_any_interface_is_adopted(make_app: MakeApp, kind: str, order: str) -> None:
    interface = KINDS[kind]()

    def assign(app: Flask) -> None:
        app.session_interface = interface

    app = make_app(**{order: assign})
    client = app.test_client()
    assert client.get("/static/app.css").headers["Cache-Control"] == "max-age=3600"
    assert client.get("/").text == "1"
    assert client.get("/static/app.css").status_code == 200
    assert client.get("/").text == "2"
    counting = interface._mock_wraps if kind == "mock" else interface
    assert (counting.opened, counting.saved) == (2, 2)


@pytest.mark.parametrize("kind", ["plain", "slotted", "abstract", "frozen"])
def test_the_object_stays_the_same(make_app: MakeApp, kind: str) -> None:
    interface = KINDS[kind]()
    before = type(interface)

    def assign(app: Flask) -> None:
        app.session_interface = interface

    app = make_app(before=assign)
    assert app.session_interface is interface
    assert isinstance(interface, before)
    assert type(interface).__name__ == before.__name__
    assert type(interface).__qualname__ == before.__qualname__
    assert type(interface).__module__ == before.__module__
    assert type(interface).__doc__ == before.__doc__


@pytest.mark.parametrize("kind", ["final", "proxy"])
def test_a_wrapped_interface_keeps_its_type(make_app: MakeApp, kind: str) -> None:
    """A wrapped interface is still an instance of its class."""

    def assign(app: Flask) -> None:
        app.session_interface = KINDS[kind]()

    interface = make_app(before=assign).session_interface
    assert isinstance(interface, Counting)
    assert interface.get_cookie_name(Flask(__name__)) == "session"


def test_flasks_default_is_not_shared_out(make_app: MakeApp) -> None:
    """Flask's default interface is left as it is.

    It is one object for all apps of the process.
    """
    make_app()
    assert type(Flask.session_interface) is SecureCookieSessionInterface
    assert type(Flask(__name__).session_interface) is SecureCookieSessionInterface


def test_apps_may_share_an_interface(make_app: MakeApp) -> None:
    shared = Counting()

    def assign(app: Flask) -> None:
        app.session_interface = shared

    ours, other, second = (
        make_app(before=assign),
        make_app(before=assign, optimize=False),
        make_app(before=assign),
    )
    ours.test_client().get("/static/app.css")
    second.test_client().get("/static/app.css")
    assert (shared.opened, shared.saved) == (0, 0)
    other.test_client().get("/static/app.css")
    assert (shared.opened, shared.saved) == (1, 1)
    assert len(type(shared).__mro__) == len(Counting.__mro__) + 1


def test_an_interface_assigned_while_serving(make_app: MakeApp) -> None:
    """An interface that is assigned while the app serves is adopted by the next request."""
    app = make_app()
    client = app.test_client()
    client.get("/")
    app.session_interface = interface = Counting()
    first = client.get("/static/app.css")
    assert (interface.opened, interface.saved) == (1, 0)
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert "Set-Cookie" not in first.headers
    second = client.get("/static/app.css")
    assert (interface.opened, interface.saved) == (1, 0)
    assert second.headers["Cache-Control"] == "max-age=3600"


def test_a_page_after_a_late_mark_is_saved(make_app: MakeApp) -> None:
    """A page is saved after a request that was marked late."""
    app = make_app()
    client = app.test_client()
    client.get("/")
    app.session_interface = Counting()
    client.get("/static/app.css")
    assert client.get("/").text == "2"
    assert client.get("/").text == "3"


def test_session_transaction_works_on_any_path(make_app: MakeApp) -> None:
    """``session_transaction()`` works on any path.

    It opens one more session in a context that has one.
    """
    client = make_app(flask={"static_url_path": ""}).test_client()
    for path in ("/", "/app.css"):
        with client.session_transaction(path) as real:
            real["visits"] = 10
        assert client.get("/").text == "11"


def test_regenerate_on_a_static_request(make_app: MakeApp) -> None:
    """``regenerate`` and its like do nothing on a static request."""
    done = []

    class Rich(Counting):
        def regenerate(self, session: Any) -> None:
            done.append("regenerate")

        def _delete_expired_sessions(self) -> None:
            done.append("cleanup")

    def assign(app: Flask) -> None:
        app.session_interface = Rich()

        @app.before_request
        def tidy() -> None:
            app.session_interface.regenerate(session)
            app.session_interface._delete_expired_sessions()

    client = make_app(before=assign).test_client()
    client.get("/static/app.css")
    assert done == []
    client.get("/")
    assert done == ["regenerate", "cleanup"]


def test_should_set_is_false_when_static(make_app: MakeApp) -> None:
    """``should_set_…`` is False for static requests, whatever the session says.

    Flask-Session asks ``should_set_storage``, not ``should_set_cookie``, and writes every session
    back on every request unless it is told otherwise.
    """
    answers = []

    class Asking(Counting):
        def should_set_storage(self, app: Any, session: Any) -> bool:
            return True

    def assign(app: Flask) -> None:
        app.session_interface = Asking()

        @app.after_request
        def ask(response: Any) -> Any:
            session.permanent = session.modified = True
            raw = session._get_current_object()
            ours = app.session_interface
            answers.append((ours.should_set_cookie(app, raw), ours.should_set_storage(app, raw)))
            return response

    app = make_app(before=assign)
    client = app.test_client()
    client.get("/static/app.css")
    client.get("/look")
    assert answers == [(False, False), (True, True)]
    assert app.config["SESSION_REFRESH_EACH_REQUEST"] is True


def test_an_unusual_is_null_session(make_app: MakeApp) -> None:
    """An ``is_null_session`` that is True for empty sessions skips no final headers."""

    class NothingToSave(Counting):
        def is_null_session(self, obj: object) -> bool:
            return not obj

    def assign(app: Flask) -> None:
        app.session_interface = NothingToSave()

    client = make_app(before=assign).test_client()
    assert client.get("/static/app.css").headers["Cache-Control"] == "max-age=3600"


def test_without_a_secret_key(make_app: MakeApp) -> None:
    """Without a secret key static requests work, and pages fail as before."""

    def permanent(app: Flask) -> None:
        @app.before_request
        def before() -> None:
            if is_static_request():
                session.permanent = True

    client = make_app(before=permanent, SECRET_KEY=None).test_client()
    assert client.get("/static/app.css").status_code == 200
    with pytest.raises(RuntimeError, match="secret key"):
        client.get("/")


def visits() -> int:
    return int(session.get("visits", 0))


def visits_or_none() -> int:
    """Read the session as code does that takes one that is not open for an empty one."""
    try:
        return visits()
    except (AssertionError, AttributeError):
        return 0


def visits_in_flask_3_2() -> int:
    """Read the session as in Flask 3.2, which opens it for whoever reads it first."""
    proxy = vars(flask.globals).get("request_ctx")  # gone or deprecated in Flask 3.2
    if proxy is not None:
        context = proxy._get_current_object()
        held = "_session" if "_session" in vars(context) else "session"
        if getattr(context, held) is None:
            opened = context.app.session_interface.open_session(context.app, context.request)
            setattr(context, held, opened)
    return visits()


@pytest.mark.parametrize("read", [visits, visits_or_none, visits_in_flask_3_2])
@pytest.mark.parametrize("optimize", [True, False])
def test_a_converter_that_reads_the_session(
    make_app: MakeApp, read: Callable[[], int], optimize: bool
) -> None:
    """A URL converter that reads the session gets the real one, which is opened once."""

    class Mine(BaseConverter):
        def to_python(self, value: str) -> str:
            return f"{value}-{read()}"

    def add(app: Flask) -> None:
        app.session_interface = Counting()
        app.url_map.converters["mine"] = Mine
        app.get("/page/<mine:thing>")(lambda thing: thing)

        @app.get("/of/<mine:thing>")
        @cacheable_static
        def of(thing: str) -> str:
            return f"{thing} {visits()}"

    app = make_app(before=add, optimize=optimize)
    client = app.test_client()
    client.get("/")
    assert client.get("/page/ada").text == "ada-1"
    response = client.get("/of/ada")
    assert response.text == "ada-1 1"
    assert "Cookie" in response.vary
    if optimize:
        assert app.session_interface.opened == 3
        assert response.headers["Cache-Control"] == "private, no-cache"
        assert "Set-Cookie" not in response.headers


def test_a_converter_that_leaves_the_session(make_app: MakeApp) -> None:
    """Where a URL converter reads no session, later looks see an empty one."""

    class Mine(BaseConverter):
        pass

    def add(app: Flask) -> None:
        app.session_interface = Counting()
        app.url_map.converters["mine"] = Mine
        app.url_value_preprocessor(lambda *_: visits())
        app.get("/of/<mine:thing>")(cacheable_static(lambda thing: f"{thing} {visits()}"))

    app = make_app(before=add)
    client = app.test_client()
    client.get("/")
    assert client.get("/of/ada").text == "ada 0"
    assert app.session_interface.opened == 1


def test_the_hook_comes_first(make_app: MakeApp) -> None:
    """The extension's hook runs before hooks that were registered earlier."""
    seen = []

    def before(app: Flask) -> None:
        app.before_request(lambda: seen.append(is_static_request()))

    app = make_app(before=before)
    client = app.test_client()
    client.get("/")
    app.session_interface = Counting()  # so that the request is marked by the hook alone
    client.get("/static/app.css")
    assert seen == [False, True]


def test_an_interface_that_opens_nothing(make_app: MakeApp) -> None:
    """An interface that opens no session stays as it is."""

    class Nothing(SessionInterface):
        def open_session(self, app: Any, request: Any) -> None:
            return None

    def assign(app: Flask) -> None:
        app.session_interface = Nothing()

    app = make_app(before=assign, STATIC_OPTIMIZER_RULES={"static": {"session": "protected"}})
    app.before_request(lambda: setattr(session, "permanent", True) or session.get("x"))
    assert app.test_client().get("/static/app.css").status_code == 200


def test_a_mark_of_a_failed_request(make_app: MakeApp) -> None:
    """The mark of a request that failed is not taken for a page's."""

    class OneForAll(Counting):
        only = SecureCookieSession()

        def open_session(self, app: Any, request: Any) -> Any:
            super().open_session(app, request)
            return self.only

    def fail(app: Flask) -> None:
        app.get("/logo")(cacheable_static(lambda: "logo"))

        @app.after_request
        def after(response: Any) -> Any:
            if is_static_request():
                raise RuntimeError("hook")
            return response

    app = make_app(before=fail)
    app.testing = False
    client = app.test_client()
    client.get("/")
    app.session_interface = interface = OneForAll()
    assert client.get("/logo").status_code == 500
    for count in (1, 2):
        assert "Cache-Control" not in client.get("/").headers
        assert interface.saved == count


@pytest.mark.parametrize("mode", ["isolated", "protected"])
def test_nothing_of_a_request_stays_alive(make_app: MakeApp, mode: str) -> None:
    app = make_app(STATIC_OPTIMIZER_SESSION=mode)
    with app.test_request_context("/static/app.css") as context:
        gone = weakref.ref(context.request)
    del context
    gc.collect()
    assert gone() is None
