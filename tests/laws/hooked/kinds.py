"""The kinds of apps, by the name of what their hooks, classes and settings do."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import (
    Blueprint,
    Flask,
    Request,
    Response,
    abort,
    g,
    request,
    session,
    url_for,
)
from werkzeug.exceptions import HTTPException

from laws.hooked.after_hooks import AFTER
from laws.hooked.before_hooks import BEFORE
from laws.hooked.extensions import EXTENSIONS
from laws.hooked.watching import note, session_seen

Add = Callable[[Flask, Blueprint], Any]

#: Functions that add to an app and its blueprint, by the name of what they do.
APPS: dict[str, Add] = {}


def kind(function: Add) -> Add:
    APPS[function.__name__.replace("_", " ")] = function
    return function


def _after(function: Callable[[Response], Any], app: Flask, _: Blueprint) -> None:
    app.after_request(lambda response: function(response) or response)


APPS.update({name: partial(_after, function) for name, function in AFTER.items()})
APPS.update({
    name: lambda app, shop, function=function: app.before_request(function)
    for name, function in BEFORE.items()
})  # fmt: skip
APPS.update({
    name: lambda app, shop, function=function: function(app)
    for name, function in EXTENSIONS.items()
})  # fmt: skip


def _reads_and_raises(app: Flask, shop: Blueprint) -> None:
    @app.before_request
    def read() -> None:
        note(session_seen(), session.get("user"))
        if request.path.endswith(".txt"):
            raise RuntimeError("a broken hook")


#: Settings of Flask and of the extension, each with a hook.
CONFIGS: dict[str, dict[str, Any]] = {
    "debugs": {"DEBUG": True},
    "propagates": {"PROPAGATE_EXCEPTIONS": True},
    "tests": {"TESTING": True},
    "traps": {"TRAP_HTTP_EXCEPTIONS": True},
    "trusts hosts": {"TRUSTED_HOSTS": ["localhost"]},
    "has a name": {"SERVER_NAME": "localhost", "APPLICATION_ROOT": "/mounted"},
    "has no key": {"SECRET_KEY": None},
    "has ages": {"SEND_FILE_MAX_AGE_DEFAULT": 60, "SESSION_COOKIE_NAME": "s"},
    "has paths with fingerprints": {"STATIC_OPTIMIZER_FINGERPRINT": "path"},
    "has no memory": {"STATIC_OPTIMIZER_MEMORY": 0},
    "has no codings": {"STATIC_OPTIMIZER_ENCODINGS": []},
    "is public": {
        "STATIC_OPTIMIZER_PUBLIC": True, "STATIC_OPTIMIZER_CDN_CACHE_CONTROL": "max-age=9",
    },
    "has deltas": {"STATIC_OPTIMIZER_DELTA": True},
    "protects all": {"STATIC_OPTIMIZER_SESSION": "protected"},
    "hands over": {"STATIC_OPTIMIZER_SENDFILE": "X-Accel-Redirect"},
}  # fmt: skip
APPS.update(dict.fromkeys(CONFIGS, _reads_and_raises))


@kind
def has_no_hooks(app: Flask, shop: Blueprint) -> None:
    pass


@kind
def has_hooks_of_a_blueprint(app: Flask, shop: Blueprint) -> None:
    shop.before_request(lambda: note("before", request.endpoint, session_seen()))
    shop.after_request(partial(_named, "X-Shop"))
    shop.teardown_request(lambda error: note("teardown", repr(error)))
    shop.before_app_request(lambda: note("before all", request.blueprint))
    shop.after_app_request(partial(_named, "X-All"))
    shop.teardown_app_request(lambda error: note("teardown of all", repr(error)))
    shop.url_value_preprocessor(lambda endpoint, values: note("values", endpoint, values))
    shop.url_defaults(lambda endpoint, values: values.setdefault("from", "shop"))
    app.url_defaults(lambda endpoint, values: values.setdefault("lang", g.get("lang", "en")))


def _named(name: str, response: Response) -> Response:
    response.headers[name] = f"{request.endpoint} {url_for('page')}"
    return response


@kind
def has_only_a_teardown(app: Flask, shop: Blueprint) -> None:
    app.teardown_request(lambda error: note(repr(error), request.endpoint, session_seen()))


@kind
def fails_at_the_end(app: Flask, shop: Blueprint) -> None:
    @app.teardown_request
    def fail(error: BaseException | None) -> None:
        note(repr(error))
        if request.path.endswith(".txt"):
            raise RuntimeError("a broken end")


@kind
def preprocesses_values(app: Flask, shop: Blueprint) -> None:
    @app.url_value_preprocessor
    def other(endpoint: str | None, values: dict[str, Any] | None) -> None:
        if values and request.args:
            values["filename"] = "other.css"


@kind
def handles_errors(app: Flask, shop: Blueprint) -> None:
    def handle(error: Exception) -> tuple[str, int]:
        session["failed"] = session.get("failed", 0) + 1
        note("handled", repr(error), session_seen(), request.headers.get("Accept-Encoding"))
        return "handled", getattr(error, "code", 500)

    for what in (404, HTTPException, Exception):
        app.register_error_handler(what, handle)
    shop.register_error_handler(404, lambda error: ("none in the shop", 404, {"X-Shop": "1"}))

    @app.after_request
    def fail(response: Response) -> Response:
        if request.path.endswith(".txt"):
            raise LookupError("a broken hook")
        return response

    @app.before_request
    def refuse() -> None:
        if request.headers.get("Range"):
            abort(409)


@kind
def has_async_hooks(app: Flask, shop: Blueprint) -> None:
    @app.before_request
    async def before() -> None:
        note("before", request.endpoint, session_seen())

    @app.after_request
    async def after(response: Response) -> Response:
        response.headers["X-Async"] = "1"
        return response

    @app.teardown_request
    async def teardown(error: BaseException | None) -> None:
        note("teardown", repr(error))


@kind
def has_its_own_request(app: Flask, shop: Blueprint) -> None:
    class Own(Request):
        @property
        def wants(self) -> str:
            return self.headers.get("Accept-Encoding", "nothing")

        def on_json_loading_failed(self, e: Any) -> Any:
            return None

    app.request_class = Own
    app.before_request(lambda: note(request.wants, request.get_json(silent=True)))


@kind
def has_its_own_response(app: Flask, shop: Blueprint) -> None:
    class Own(Response):
        default_mimetype = "text/plain"

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.headers["X-Made"] = type(self.response).__name__ and "1"

        def get_wsgi_headers(self, environ: Any) -> Any:
            headers = super().get_wsgi_headers(environ)
            headers["X-At-The-End"] = self.status
            return headers

    app.response_class = Own
    app.after_request(partial(_named, "X-After"))


@kind
def has_its_own_globals(app: Flask, shop: Blueprint) -> None:
    class Own(app.app_ctx_globals_class):  # type: ignore[name-defined,misc]
        def __init__(self) -> None:
            self.number = 7

    app.app_ctx_globals_class = Own
    app.after_request(lambda response: note(g.number) or _named("X-After", response))


class Finalizing:
    def make_response(self, rv: Any) -> Any:
        response = super().make_response(rv)  # type: ignore[misc]
        response.headers["X-From"] = "make_response"
        return response

    def process_response(self, response: Any) -> Any:
        note("process", response.status, request.endpoint)
        response = super().process_response(response)  # type: ignore[misc]
        response.headers["X-Process"] = str(len(response.headers))
        return response


class Stepping:
    def preprocess_request(self) -> Any:
        note("preprocess", request.path)
        return super().preprocess_request()  # type: ignore[misc]

    def dispatch_request(self) -> Any:
        note("dispatch", request.path)
        return super().dispatch_request()  # type: ignore[misc]

    def do_teardown_request(self, *args: Any) -> Any:
        note("teardown", request.path)
        return super().do_teardown_request(*args)  # type: ignore[misc]

    def ensure_sync(self, func: Any) -> Any:
        self.extensions["synced"] = self.extensions.get("synced", 0) + 1  # type: ignore[attr-defined]
        return super().ensure_sync(func)  # type: ignore[misc]


class Ages:
    def get_send_file_max_age(self, filename: str | None) -> int | None:
        return 7 if "x" in request.args else None


class Surrounding:
    """Steps that are taken around the view, and none that finds or runs it."""

    def preprocess_request(self) -> Any:
        note("preprocess", request.path)
        return "closed" if "x" in request.args else super().preprocess_request()  # type: ignore[misc]

    def process_response(self, response: Any) -> Any:
        note("process", response.status, response.headers.get("ETag"))
        response = super().process_response(response)  # type: ignore[misc]
        response.headers["X-Process"] = str(len(response.headers))
        return response

    def do_teardown_request(self, *args: Any) -> Any:
        note("teardown", request.path)
        return super().do_teardown_request(*args)  # type: ignore[misc]


class Adapters:
    def create_url_adapter(self, request: Any) -> Any:
        return super().create_url_adapter(request)  # type: ignore[misc]


class Contexts:
    def request_context(self, environ: Any) -> Any:
        environ["own.key"] = "1"
        return super().request_context(environ)  # type: ignore[misc]


class Middle:
    def wsgi_app(self, environ: Any, start_response: Any) -> Any:
        environ["own.middleware"] = "1"
        return super().wsgi_app(environ, start_response)  # type: ignore[misc]


#: What comes before Flask among the bases of an app's class, with a hook.
MIXINS: dict[str, type] = {
    "finalizes": Finalizing,
    "steps": Stepping,
    "steps around the view": Surrounding,
    "decides about ages": Ages,
    "makes adapters": Adapters,
    "makes contexts": Contexts,
    "is its own middleware": Middle,
}
APPS.update(dict.fromkeys(MIXINS, _reads_and_raises))


@kind
def patches_steps(app: Flask, shop: Blueprint) -> None:
    process, dispatch = app.process_response, app.dispatch_request

    def processed(response: Response) -> Response:
        response.headers.add("X-Patched", "1")
        return process(response)

    def dispatched() -> Any:
        return "closed" if "x" in request.args else dispatch()

    app.process_response = processed  # type: ignore[method-assign]
    app.dispatch_request = dispatched  # type: ignore[method-assign]


@kind
def has_a_middleware_that_shows_its_app(app: Flask, shop: Blueprint) -> None:
    class Middleware:
        def __init__(self, inner: Any) -> None:
            self.inner = inner

        def __call__(self, environ: Any, start_response: Any) -> Any:
            environ.pop("HTTP_RANGE", None)
            environ["REMOTE_ADDR"] = "192.0.2.7"
            body = self.inner(environ, start_response)
            try:
                return [b"".join(body)]
            finally:
                body.close()  # PEP 3333 wants it asked for, and Werkzeug's always have it

    app.wsgi_app = Middleware(app.wsgi_app)  # type: ignore[method-assign]
    app.before_request(lambda: note(request.headers.get("Range"), request.remote_addr))


@kind
def has_a_middleware(app: Flask, shop: Blueprint) -> None:
    inner = app.wsgi_app

    def middleware(environ: Any, start_response: Any) -> Any:
        environ.pop("HTTP_RANGE", None)
        return inner(environ, start_response)

    app.wsgi_app = middleware  # type: ignore[method-assign]
    app.before_request(lambda: note(request.headers.get("Range")))
