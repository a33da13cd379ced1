"""What stands at ``app.wsgi_app`` is, for whoever asks it, what it stands for."""

from __future__ import annotations

import gc
import inspect
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, session
from flask.sessions import SecureCookieSessionInterface

from conftest import CSS

MakeApp = Callable[..., Flask]


class ReverseProxied:
    """A middleware with attributes of its own, some of which have names that the lane uses."""

    script_name = "/"

    def __init__(self, app: Any, hides: bool = False) -> None:
        self.app = (lambda *given: app(*given)) if hides else app
        self.inner = self.open = self.answer = self.func = "mine"
        self.calls = 0

    def __call__(self, environ: Any, start_response: Any) -> Any:
        self.calls += 1
        return self.app(environ, start_response)

    def prefix(self) -> str:
        return self.script_name.rstrip("/") or "/"


def proxied(app: Flask, hides: bool = False) -> None:
    app.wsgi_app = ReverseProxied(app.wsgi_app, hides)  # type: ignore[method-assign]


@pytest.mark.parametrize("hides", [False, True])
@pytest.mark.parametrize("express", [True, False, None], ids=["express", "lane", "plain"])
def test_a_middleware_keeps_its_attributes(
    make_app: MakeApp, express: bool | None, hides: bool
) -> None:
    """A middleware can be read, set and recognised, and its app asked as before."""
    app = make_app(
        before=lambda app: proxied(app, hides),
        optimize=express is not None,
        STATIC_OPTIMIZER_EXPRESS=bool(express),
    )
    at: Any = app.wsgi_app
    app.test_client().get("/")
    assert at.calls == 1
    assert (at.script_name, at.prefix(), at.func) == ("/", "/", "mine")
    assert (at.inner, at.open, at.answer) == ("mine", "mine", "mine")
    assert isinstance(at, ReverseProxied)
    assert at.__class__ is ReverseProxied
    assert at.__doc__ == ReverseProxied.__doc__
    assert at.__module__ == __name__
    assert "ReverseProxied" in repr(at)
    assert "script_name" in dir(at)
    at.script_name = "/below"
    assert at.prefix() == "/below"
    del at.script_name
    assert at.prefix() == "/"
    with pytest.raises(AttributeError, match="nothing"):
        _ = at.nothing
    assert at == at.prefix.__self__
    assert {at: 1}[at.prefix.__self__] == 1


@pytest.mark.parametrize("hides", [False, True])
@pytest.mark.parametrize("express", [True, False])
def test_an_interface_that_asks_the_middleware(
    make_app: MakeApp, express: bool, hides: bool
) -> None:
    """A session interface that reads an attribute of the middleware works (calibre-web has one)."""

    class Interface(SecureCookieSessionInterface):
        def get_cookie_path(self, app: Flask) -> str:
            return app.wsgi_app.script_name  # type: ignore[attr-defined, no-any-return]

    def add(app: Flask) -> None:
        proxied(app, hides)
        app.session_interface = Interface()

    app = make_app(before=add, STATIC_OPTIMIZER_EXPRESS=express)
    assert "Path=/" in app.test_client().get("/").headers["Set-Cookie"]
    with app.test_client() as client:
        client.get("/")
        assert session["visits"] == 1


@pytest.mark.parametrize("optimize", [True, False])
def test_flasks_own_method(make_app: MakeApp, optimize: bool) -> None:
    """Where there is no middleware it is Flask's bound method."""
    app = make_app(optimize=optimize)
    at: Any = app.wsgi_app
    assert (at.__name__, at.__qualname__, at.__module__) == (
        "wsgi_app",
        "Flask.wsgi_app",
        "flask.app",
    )
    assert at.__self__ is app
    assert at.__func__ is Flask.wsgi_app
    assert at.__doc__ == Flask.wsgi_app.__doc__
    assert list(inspect.signature(at).parameters) == ["environ", "start_response"]
    assert inspect.ismethod(at)
    assert at == Flask.wsgi_app.__get__(app)
    with pytest.raises(AttributeError):
        at.mine = 1


@pytest.mark.parametrize("optimize", [True, False])
def test_it_holds_the_app(make_app: MakeApp, optimize: bool) -> None:
    """Whoever keeps it keeps the app, as with a bound method; both go together."""
    app = make_app(optimize=optimize)
    at: Any = app.wsgi_app
    gone = weakref.ref(app)
    del app
    gc.collect()
    assert at.__self__ is gone()
    del at
    gc.collect()
    assert gone() is None


def test_a_middleware_around_it(make_app: MakeApp) -> None:
    """A middleware that is put around later calls it."""
    app = make_app()
    proxied(app)
    assert app.test_client().get("/static/app.css").data == CSS
    assert app.wsgi_app.calls == 1  # type: ignore[attr-defined]
