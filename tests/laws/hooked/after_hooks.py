"""Functions that run after a view: each makes an app of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from flask import (
    Response,
    abort,
    copy_current_request_context,
    current_app,
    flash,
    make_response,
    redirect,
    request,
    session,
    stream_with_context,
    url_for,
)
from flask.globals import request_ctx

from laws.hooked.watching import events, note, session_seen

After = Callable[[Response], Any]

#: Each may return another response.
AFTER: dict[str, After] = {
    "sets a field": lambda r: r.headers.__setitem__("X-A", "1"),
    "adds a field twice": lambda r: [r.headers.add("X-A", text) for text in "12"] and None,
    "puts a field first": lambda r: r.headers.__setitem__(slice(0, 0), [("X-First", "1")]),
    "takes the type": lambda r: r.headers.pop("Content-Type", None) and None,
    "takes the ETag": lambda r: r.headers.pop("ETag", None) and None,
    "takes the date and length": lambda r: [
        r.headers.pop(name, None) for name in ("Last-Modified", "Content-Length")
    ] and None,
    "renames all fields": lambda r: setattr(
        r, "headers", type(r.headers)([(name.upper(), value) for name, value in r.headers])
    ),
    "clears the fields": lambda r: r.headers.clear(),
    "forbids to store": lambda r: r.headers.__setitem__("Cache-Control", "no-store"),
    "makes it private": lambda r: setattr(r.cache_control, "private", True),
    "sets an age": lambda r: setattr(r.cache_control, "max_age", 5),
    "expires": lambda r: r.headers.__setitem__("Expires", "Tue, 01 Jan 1980 00:00:00 GMT"),
    "varies": lambda r: r.vary.update(["Origin", "Cookie"]),
    "varies by anything": lambda r: r.headers.__setitem__("Vary", "*"),
    "names a language": lambda r: r.headers.__setitem__("Content-Language", "en"),
    "sets cookies": lambda r: [r.set_cookie(name, "1") for name in ("a", "b")] and None,
    "deletes a cookie": lambda r: r.delete_cookie("session"),
    "sets a status": lambda r: setattr(r, "status_code", 203),
    "says it is not there": lambda r: setattr(r, "status", "404 NOT HERE"),
    "makes it conditional": lambda r: r.make_conditional(request),
    "sets another ETag": lambda r: r.set_etag("mine"),
    "adds an ETag": lambda r: r.add_etags(),
    "freezes": lambda r: None if r.direct_passthrough else r.freeze(),
    "answers anew": lambda r: Response("new", 200, {"X-New": "1"}),
    "makes a response of it": lambda r: make_response(r, 200, {"X-Again": "1"}),
    "copies it": lambda r: type(r)(
        r.response, r.status, r.headers, direct_passthrough=r.direct_passthrough
    ),
    "redirects": lambda r: redirect(url_for("page")) if r.status_code == 200 else None,
    "aborts": lambda r: abort(403),
    "reads the session": lambda r: note(session_seen()),
    "writes the session": lambda r: session.__setitem__("seen", request.endpoint),
    "flashes": lambda r: flash("seen"),
    "empties the session": lambda r: session.clear(),
    "sends a file": lambda r: current_app.send_static_file("other.css"),
    "asks for URLs": lambda r: note(
        url_for("static", filename="app.css"),
        url_for("page", _external=True),
        request_ctx.url_adapter and sorted(request_ctx.url_adapter.allowed_methods("/page")),
    ),
}  # fmt: skip


def hook(function: After) -> After:
    AFTER[function.__name__.replace("_", " ")] = function
    return function


@hook
def raises(response: Response) -> None:
    if response.status_code == 200:
        raise ValueError("a broken hook")


@hook
def appends(response: Response) -> None:
    response.direct_passthrough = False
    response.set_data(response.get_data() + b"!")


@hook
def reads(response: Response) -> None:
    response.direct_passthrough = False
    note(len(response.data), response.calculate_content_length(), response.get_data()[:9])


@hook
def replaces_the_list(response: Response) -> None:
    response.direct_passthrough = False
    response.response = [part.replace(b"red", b"blue") for part in response.iter_encoded()]
    response.headers.pop("Content-Length", None)


@hook
def wraps_the_body(response: Response) -> None:
    inner = response.response

    def parts() -> Iterator[Any]:
        note("streamed", request.path, sorted(session))
        yield from inner
        close = getattr(inner, "close", None)
        if close is not None:
            close()

    response.response = stream_with_context(parts())


@hook
def works_in_a_thread(response: Response) -> None:
    from threading import Thread

    @copy_current_request_context
    def work() -> None:
        note("in a thread", request.path, request.view_args, session_seen())

    thread = Thread(target=work)
    thread.start()
    thread.join()


@hook
def tells_all(response: Response) -> None:
    note(
        (response.status, response.mimetype_params, response.content_range.units),
        (response.is_json, response.content_md5, response.accept_ranges, response.location),
        [name for name in dir(response) if not name.startswith("_")],
    )


@hook
def changes_a_list(response: Response) -> None:
    """Change what a careless cache would share between responses."""
    response.headers.to_wsgi_list().append(("X-Careless", "1"))
    response.headers.extend({"X-Number": str(len(response.headers))})
    response.headers.setlist("Vary", ["Accept"])


@hook
def changes_each_time(response: Response) -> None:
    extensions = current_app.extensions
    extensions["count"] = extensions.get("count", 0) + 1
    if extensions["count"] % 3 == 0:
        response.headers["X-Count"] = str(extensions["count"])
        response.status_code = 203 if response.status_code == 200 else response.status_code


@hook
def closes(response: Response) -> None:
    seen = events(current_app)  # which is not current any more when it is closed
    response.call_on_close(lambda: seen.append(("closed", response.status)))
