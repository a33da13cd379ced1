"""Functions that an app runs before its views: they look, write, answer or raise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import abort, flash, g, redirect, request, session

Before = Callable[[], Any]

BEFORE: dict[str, Before] = {}


def hook(function: Before) -> Before:
    BEFORE[function.__name__] = function
    return function


@hook
def load_user() -> None:
    g.user = session.get("user", "nobody")


@hook
def count() -> None:
    session["hits"] = session.get("hits", 0) + 1


@hook
def permanent() -> None:
    session.permanent = True


@hook
def forget() -> None:
    session.pop("visits", None)


@hook
def flash_it() -> None:
    flash(f"seen {request.endpoint}")


@hook
def wall() -> Any:
    guarded = request.path.endswith((".pdf", "/hello"))
    return redirect("/login") if guarded and "user" not in session else None


@hook
def refuse() -> Any:
    return abort(403) if request.path.endswith((".js", "/json")) else None


@hook
def maintenance() -> Any:
    return ("<p>back soon</p>", 503) if request.path.endswith((".css", "/hello")) else None


@hook
def answer() -> Any:
    return {"by": "the hook"} if request.path.endswith(".json") else None


@hook
def fail() -> None:
    if request.path.endswith((".mjs", "/json")):
        raise RuntimeError("a broken hook")
