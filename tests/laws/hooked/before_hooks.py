"""Functions that run before a view: each makes an app of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import (
    Response,
    abort,
    after_this_request,
    current_app,
    flash,
    g,
    get_flashed_messages,
    redirect,
    request,
    session,
    url_for,
)
from werkzeug.exceptions import HTTPException

from laws.hooked.watching import note, session_seen

Before = Callable[[], Any]


class Teapot(HTTPException):
    code = 418
    description = "short and stout"


BEFORE: dict[str, Before] = {
    "does nothing": lambda: None,
    "aborts before": lambda: abort(403),
    "aborts with a response": lambda: abort(Response("closed", 503, {"Retry-After": "9"})),
    "answers": lambda: "maintenance",
    "answers with all": lambda: ({"a": 1}, 202, {"X-Own": "1"}),
    "redirects before": lambda: None if request.path == "/page" else redirect("/page"),
    "writes the session before": lambda: session.__setitem__("k", session.get("k", 0) + 1),
    "makes the session last": lambda: setattr(session, "permanent", True),
    "marks the session modified": lambda: setattr(session, "modified", True),
    "reads the session before": lambda: note(session_seen(), session.get("user"), len(session)),
    "clears the session": lambda: session.clear(),
    "flashes before": lambda: note(get_flashed_messages()) or flash("once"),
    "sends another file": lambda: (
        current_app.send_static_file("other.css") if request.path.endswith("p.css") else None
    ),
    "asks for URLs before": lambda: note(
        url_for("page"), url_for("page", _external=True), url_for("static", filename="app.css"),
        url_for(request.endpoint, **request.view_args) if request.endpoint else None,
        request.url, request.base_url, request.host, request.root_path, request.script_root,
    ),
}  # fmt: skip


def hook(function: Before) -> Before:
    BEFORE[function.__name__.replace("_", " ")] = function
    return function


@hook
def raises_before() -> None:
    if request.path.endswith((".css", "page")):
        raise KeyError("a broken hook")


@hook
def raises_a_teapot() -> None:
    if request.method == "GET":
        raise Teapot


@hook
def is_a_wall() -> Any:
    open_to_all = request.endpoint in ("static", "login")
    return None if open_to_all or "user" in session else redirect(url_for("login"))


@hook
def is_a_wall_for_files() -> Any:
    return None if "user" in session or request.endpoint == "login" else abort(401)


@hook
def asks_for_another_file() -> None:
    if request.view_args:
        request.view_args["filename"] = "other.css"


@hook
def asks_for_a_missing_file() -> None:
    if request.view_args:
        request.view_args = {"filename": "none.css"}


@hook
def takes_the_conditions() -> None:
    for name in ("HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_RANGE"):
        request.environ.pop(name, None)


@hook
def takes_the_codings() -> None:
    request.environ.pop("HTTP_ACCEPT_ENCODING", None)


@hook
def adds_a_coding() -> None:
    request.environ["HTTP_ACCEPT_ENCODING"] = "gzip"


@hook
def adds_a_range() -> None:
    request.environ["HTTP_RANGE"] = "bytes=2-4"


@hook
def changes_the_path() -> None:
    request.environ["PATH_INFO"] = "/page"
    request.environ["QUERY_STRING"] = "v=1"


@hook
def changes_the_method() -> None:
    request.environ["REQUEST_METHOD"] = "HEAD"


@hook
def says_who_asks() -> None:
    request.environ["REMOTE_USER"] = "ada"


@hook
def registers_for_this_request() -> None:
    @after_this_request
    def late(response: Response) -> Response:
        response.headers["X-Late"] = "1"

        @after_this_request
        def too_late(response: Response) -> Response:
            response.headers["X-Too-Late"] = "1"
            return response

        return response


@hook
def registers_hooks() -> None:
    """Register hooks while the app serves, as Flask's mappings let everybody do."""
    app = current_app
    if request.path.endswith(".css"):
        number = app.extensions["number"] = app.extensions.get("number", 0) + 1
        if number in (2, 5):

            def later(response: Response) -> Response:
                response.headers.add("X-Hook", str(number))
                return response

            app.after_request_funcs.setdefault(None, []).append(later)
        if number == 8:
            app.before_request_funcs[None].append(lambda: note("a new hook"))
            app.teardown_request_funcs.setdefault(None, []).append(lambda error: note("a new end"))
        if number == 12:
            del app.after_request_funcs[None][-1]
    try:
        app.before_request(lambda: None)
    except AssertionError as error:
        note(str(error)[:40])
    else:
        note("registered")
        app.before_request_funcs[None].pop()


@hook
def answers_each_third() -> Any:
    extensions = current_app.extensions
    extensions["asked"] = extensions.get("asked", 0) + 1
    return ("busy", 503) if extensions["asked"] % 3 == 0 else None


@hook
def asks_the_app_itself() -> None:
    if "inner" in request.args or request.method != "GET":
        return
    client = current_app._get_current_object().test_client()  # type: ignore[attr-defined]
    answer = client.get("/static/app.css?inner=1", buffered=True)
    page = client.get("/page?inner=1")
    note("inner", answer.status, sorted(answer.headers), len(answer.data), page.status)
    g.inner = answer.status


@hook
def enters_another_context() -> None:
    if "inner" in request.args:
        return
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    with app.test_request_context("/static/app.css?inner=2"):
        note("within", request.endpoint, request.view_args, session_seen())
        note(app.preprocess_request())
    note("without", request.endpoint, session_seen())
