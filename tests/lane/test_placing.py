"""The lane is inside of all middleware, which run for each request as without the extension."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial, wraps
from pathlib import Path
from types import MethodType, SimpleNamespace
from typing import Any

import pytest
from flask import Flask, current_app, g, request, session
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import Forbidden, NotFound
from werkzeug.local import LocalProxy
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.middleware.shared_data import SharedDataMiddleware
from werkzeug.test import Client

from conftest import CSS
from flask_static_optimizer import StaticOptimizer, cacheable_static
from flask_static_optimizer.lane.stand_in import StandIn
from laws.plain_flask.extensions import Prefix

from .test_lane import URL, asked

MakeApp = Callable[..., Flask]
Wrap = Callable[[Any, list[str]], Any]


class Noting:
    """A middleware as many apps have one."""

    def __init__(self, app: Any, seen: list[str]) -> None:
        self.app, self.seen = app, seen

    def __call__(self, environ: Any, start_response: Any) -> Any:
        self.seen.append(environ["PATH_INFO"])
        return self.app(environ, start_response)


class Knowing(Noting):
    """A middleware that is known by other objects, and knows them and itself."""

    def __init__(self, app: Any, seen: list[str]) -> None:
        super().__init__(app, seen)
        self.itself, self.kind, self.nothing = self, Flask, None
        self.equal: Any = SimpleNamespace(__eq__=None)


class Method(Noting):
    """A middleware of which a method is the WSGI app."""

    def take(self, environ: Any, start_response: Any) -> Any:
        return self(environ, start_response)


class Slotted:
    """A middleware with slots, one of which is never filled, as Sentry's has them."""

    __slots__ = ("_Slotted__more", "__app", "_seen")

    def __init__(self, app: Any, seen: list[str]) -> None:
        self.__app, self._seen = app, seen

    def __call__(self, environ: Any, start_response: Any) -> Any:
        self._seen.append(environ["PATH_INFO"])
        return self.__app(environ, start_response)


@dataclass(frozen=True)
class Frozen:
    """A middleware that does not let itself be changed."""

    app: Any
    seen: list[str] = field(default_factory=list)

    __call__ = Noting.__call__


class Strict(Noting):
    """A middleware that refuses to be changed, by an error of its own."""

    def __init__(self, app: Any, seen: list[str]) -> None:
        vars(self).update(app=app, seen=seen)

    def __setattr__(self, name: str, value: object) -> None:
        raise RuntimeError("this is not to be changed")


#: What a function's module has is not the function's.
KEPT: dict[str, Any] = {}


def function(app: Any, seen: list[str]) -> Any:
    KEPT["app"] = app
    return lambda environ, start: seen.append(environ["PATH_INFO"]) or app(environ, start)


def inside(*kinds: Callable[[Any], Any]) -> Wrap:
    def wrap(app: Any, seen: list[str]) -> Any:
        for kind in kinds:
            app = kind(app)
        return Noting(app, seen)

    return wrap


SHOWING: dict[str, Wrap] = {
    "a class": Noting,
    "a circle": Knowing,
    "slots": Slotted,
    "slots inside": inside(lambda app: Slotted(app, [])),
    "a method": lambda app, seen: Method(app, seen).take,
    "ProxyFix": inside(ProxyFix),
    "three": inside(
        ProxyFix, partial(SharedDataMiddleware, exports={"/other": "/nowhere"}), ProxyFix
    ),
    "a dispatcher": inside(lambda app: DispatcherMiddleware(app, {"/other": NotFound()})),
    "mounted": inside(lambda app: DispatcherMiddleware(NotFound(), {"": app})),
    "mounted inside": inside(lambda app: DispatcherMiddleware(NotFound(), {"": ProxyFix(app)})),
}
HIDING: dict[str, Wrap] = {
    "a function": function,
    "a function that wraps": lambda app, seen: wraps(app)(function(app, seen)),
    "frozen": Frozen,
    "strict": Strict,
}


def wrapping(wrap: Wrap, seen: list[str]) -> Callable[[Flask], None]:
    def add(app: Flask) -> None:
        app.wsgi_app = wrap(app.wsgi_app, seen)  # type: ignore[method-assign]

    return add


@pytest.mark.parametrize("express", [False, True])
@pytest.mark.parametrize("kind", SHOWING)
def test_a_middleware_that_was_there_runs(make_app: MakeApp, kind: str, express: bool) -> None:
    seen: list[str] = []
    app = make_app(before=wrapping(SHOWING[kind], seen), STATIC_OPTIMIZER_EXPRESS=express)
    assert not asked(app)()
    assert app.test_client().get(URL).data == CSS
    assert seen == ["/", "/", URL, URL]


@pytest.mark.parametrize("express", [False, True])
@pytest.mark.parametrize("kind", HIDING)
def test_one_that_hides_its_app_closes_the_lane(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture, kind: str, express: bool
) -> None:
    """It may be a guard, so nothing passes it by."""
    seen: list[str] = []
    app = make_app(before=wrapping(HIDING[kind], seen), STATIC_OPTIMIZER_EXPRESS=express)
    assert type(app.wsgi_app) is not StandIn
    assert asked(app)()
    assert seen == ["/", "/", URL]
    said = [line for line in caplog.messages if "STATIC_OPTIMIZER_EXPRESS has no effect" in line]
    assert len(said) == express
    assert "are answered without" not in caplog.text


def test_flasks_own_method_assigned_to_the_app_is_none(make_app: MakeApp) -> None:
    def add(app: Flask) -> None:
        app.wsgi_app = app.wsgi_app  # type: ignore[method-assign]

    assert not asked(make_app(before=add))()


class Taking(Noting):
    """A middleware that takes all bodies for iterators that can be closed, as Flask's are."""

    def __call__(self, environ: Any, start_response: Any) -> Any:
        body = self.app(environ, start_response)
        first = next(body, b"")
        rest = b"".join(body)
        body.close()
        return [first, rest]


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("is_later", [False, True])
@pytest.mark.parametrize("hooks", [False, True])
def test_what_a_middleware_gets(
    make_app: MakeApp, static_folder: Path, hooks: bool, is_later: bool
) -> None:
    large = bytes(range(256)) * 2**11
    (static_folder / "large.bin").write_bytes(large)

    def add(app: Flask) -> None:
        app.add_url_rule("/kept", "kept", cacheable_static(lambda: "kept"))
        if hooks:
            app.before_request(lambda: None)
        if not is_later:
            app.wsgi_app = Taking(app.wsgi_app, [])  # type: ignore[method-assign]

    app = make_app(before=add)
    if is_later:
        app.wsgi_app = Taking(app.wsgi_app, [])  # type: ignore[method-assign]
    client = app.test_client()
    for _ in range(3):
        for path in (URL, "/kept", "/look"):
            answer = client.get(path)
            assert answer.status_code == 200
            headers = {"If-None-Match": answer.headers.get("ETag", "")}
            assert client.get(path, headers=headers).status_code == (
                200 if path == "/look" else 304
            )
            assert client.head(path).data == b""
        assert client.get(URL, headers={"Range": "bytes=0-1"}).data == CSS[:2]
        assert client.get("/static/large.bin").data == large
        part = client.get("/static/large.bin", headers={"Range": "bytes=1-300000"})
        assert part.data == large[1:300001]
        parts = client.get("/static/large.bin", headers={"Range": "bytes=0-9,200000-299999"})
        assert large[200000:300000] in parts.data


def test_what_a_middleware_changes_holds(make_app: MakeApp) -> None:
    """Werkzeug's ProxyFix changes the host and the prefix, and a URL below another path works."""

    def add(app: Flask) -> None:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_host=1, x_prefix=1)  # type: ignore[method-assign]

    app, plain = make_app(before=add), make_app(before=add, optimize=False)
    for host, status in (("cdn.example", 200), ("a b", 200), ("a..b", 400)):
        headers = {"X-Forwarded-Host": host, "X-Forwarded-Prefix": "/below"}
        assert plain.test_client().get(URL, headers=headers).status_code == status
        for _ in range(3):
            assert app.test_client().get(URL, headers=headers).status_code == status


def test_the_app_itself_is_not_looked_through(make_app: MakeApp) -> None:
    """It has many views and hooks, and a middleware may keep it beside what it calls."""

    def add(app: Flask) -> None:
        for number in range(100):
            app.add_url_rule(f"/{number}", str(number), partial(str, number))
        outer = Noting(None, [])
        vars(outer).clear()
        vars(outer).update(flask=app, app=ProxyFix(ProxyFix(app.wsgi_app)), seen=[])
        app.wsgi_app = outer  # type: ignore[method-assign]

    assert not asked(make_app(before=add))()


@pytest.mark.parametrize("hooks", [False, True])
@pytest.mark.parametrize("express", [False, True])
def test_a_path_without_its_first_slash(make_app: MakeApp, express: bool, hooks: bool) -> None:
    """A prefix of ``/`` takes it off the path, and Werkzeug puts it back."""
    seen: list[str] = []

    def add(app: Flask) -> None:
        app.wsgi_app = Prefix(app.wsgi_app)  # type: ignore[method-assign]
        if hooks:
            app.before_request(lambda: seen.append(request.environ["PATH_INFO"]))
        app.add_url_rule("/kept", "kept", cacheable_static(lambda: "kept"))

    app = make_app(before=add, STATIC_OPTIMIZER_EXPRESS=express)
    plain = make_app(before=add, optimize=False)
    passes = express or not hooks
    assert asked(app)() is not passes
    seen.clear()
    for path in (URL, "/static/none.css", "/look", "/kept", "/kept", "/", "/static"):
        status = plain.test_client().get(path).status_code
        seen.clear()
        assert app.test_client().get(path).status_code == status
        assert seen == ([] if not hooks or (passes and path == URL) else [path[1:]])
    assert app.test_client().get("/").status_code == 308  # as nothing is left of the path


def test_a_stored_front_page_without_its_slash(make_app: MakeApp) -> None:
    """Flask redirects where nothing is left of the path, also if the page is stored."""

    class Proxied(Noting):
        def __call__(self, environ: Any, start_response: Any) -> Any:
            if "HTTP_X_PREFIX" in environ:
                environ["PATH_INFO"] = ""
            return self.app(environ, start_response)

    def add(app: Flask) -> None:
        app.wsgi_app = Proxied(app.wsgi_app, [])  # type: ignore[method-assign]
        app.view_functions["page"] = cacheable_static(lambda: "front")

    for optimize in (False, True):
        client = make_app(before=add, optimize=optimize).test_client()
        assert [client.get("/").text for _ in range(3)] == ["front"] * 3
        assert client.get("/", headers={"X-Prefix": "/"}).status_code == 308


class Guarding:
    """A proxy of a WSGI app, which says that it is what it guards, as tracers make them."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return type(self.inner)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def __call__(self, environ: Any, start_response: Any) -> Any:
        if "HTTP_X_KEY" in environ:
            return self.inner(environ, start_response)
        return Forbidden()(environ, start_response)


@pytest.mark.parametrize(
    "kind",
    [
        lambda app: ProxyFix(Guarding(app)),
        lambda app: ProxyFix(LocalProxy(lambda: Guarding(app))),
        Guarding,
    ],
    ids=["inside", "switched", "outermost"],
)
def test_a_proxy_of_flasks_method_stays(make_app: MakeApp, kind: Any) -> None:
    """What it guards is refused, and pages first of all."""
    app = make_app(before=lambda app: setattr(app, "wsgi_app", kind(app.wsgi_app)))
    for path in (URL, "/", URL):
        assert app.test_client().get(path).status_code == 403
        assert app.test_client().get(path, headers={"X-Key": "1"}).status_code == 200


class Remote(dict):  # type: ignore[type-arg]
    def items(self) -> Any:
        raise ConnectionError("the server is away")


@pytest.mark.parametrize(
    "kept", [current_app, request, session, g, Remote(), MultiDict([("a", 1), ("a", 2)])], ids=type
)
def test_what_a_middleware_keeps_besides_is_not_touched(make_app: MakeApp, kept: Any) -> None:
    def add(app: Flask) -> None:
        outer = Noting(None, [])
        vars(outer).clear()
        vars(outer).update(kept=kept, app=app.wsgi_app, seen=[])
        app.wsgi_app = outer  # type: ignore[method-assign]

    assert not asked(make_app(before=add))()
    if isinstance(kept, MultiDict):
        assert kept.getlist("a") == [1, 2]


def test_only_the_apps_own_method_is_replaced(make_app: MakeApp) -> None:
    """An app that is mounted in another, and is that one's own, has a lane of its own."""
    one = make_app()
    two = Flask("two", root_path=one.root_path)
    plain = two.wsgi_app
    holder = SimpleNamespace(app=one.wsgi_app)
    two.wsgi_app = DispatcherMiddleware(two.wsgi_app, {"/one": one.wsgi_app})  # type: ignore[method-assign]
    two.wsgi_app.kept = holder  # type: ignore[attr-defined]
    before = dict(two.wsgi_app.mounts)  # type: ignore[attr-defined]
    StaticOptimizer(two)
    assert two.wsgi_app.mounts["/one"] is before["/one"]  # type: ignore[attr-defined]
    assert two.wsgi_app.app is not plain  # type: ignore[attr-defined]
    # Whoever compares it finds the method that was there.
    assert two.wsgi_app.app == MethodType(Flask.wsgi_app, two)  # type: ignore[attr-defined]
    client = Client(two)
    assert client.get(f"/one{URL}").data == CSS
    assert client.get(URL).data == CSS


def test_a_file_wrapper_that_cant_be_closed_is_not_read_before(
    make_app: MakeApp, static_folder: Path
) -> None:
    (static_folder / "large.bin").write_bytes(bytes(3 * 2**20))
    read: list[int] = []

    def wrapper(file: Any, size: int) -> Any:
        def next_chunk() -> bytes:
            read.append(size)
            return bytes(file.read(size))

        return iter(next_chunk, b"")

    client = make_app().test_client()
    for _ in range(3):
        environ = {"wsgi.file_wrapper": wrapper}
        answer = client.get("/static/large.bin", environ_overrides=environ, buffered=False)
        assert len(read) <= 1  # the test client asks for the first one
        assert len(answer.data) == 3 * 2**20
        read.clear()
