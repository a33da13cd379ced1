"""The store without a framework around it: what the express lane asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import has_app_context
from flask_caching import Cache
from freezegun import freeze_time
from werkzeug.test import EnvironBuilder

from flask_static_optimizer.config.names import EXTENSION
from flask_static_optimizer.http.answer import Answer

from .conftest import Stored

Serve = Callable[..., Stored]


def ask(stored: Stored, path: str = "/thing", method: str = "GET", **headers: str) -> Answer | None:
    """Ask the store as a WSGI middleware would."""
    assert not has_app_context()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    builder = EnvironBuilder(path, method=method, headers=named)
    environ = builder.get_environ()
    builder.close()
    state: Any = stored.app.extensions[EXTENSION]
    policy = state.endpoints.get("thing").policy({})
    return state.open_store().answer(environ, "thing", policy)


def test_a_hit_needs_no_flask(serve: Serve, cache: Any) -> None:
    stored = serve(config=cache.config, add=cache.install)
    stored.client.get("/")
    assert ask(stored) is None
    whole = stored.get()
    answer = ask(stored)
    assert answer is not None
    assert answer.status == 200
    assert b"".join(answer.body) == whole.data
    assert len(stored.runs) == 1


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {}),
        ("HEAD", {}),
        ("GET", {"If_None_Match": "*"}),
        ("HEAD", {"If_None_Match": "*"}),
        ("GET", {"If_None_Match": '"other"'}),
        ("GET", {"If_Match": "*"}),
        ("GET", {"If_Match": '"other"'}),
        ("GET", {"If_Modified_Since": "Fri, 01 Jan 2100 00:00:00 GMT"}),
    ],
)
@pytest.mark.parametrize(
    "policy", [{}, {"vary": "Accept"}, {"public": True}, {"stale_while_revalidate": 9}], ids=str
)
@pytest.mark.parametrize("cdn", [None, "max-age=9"])
def test_it_answers_as_the_view_does(
    serve: Serve,
    method: str,
    headers: dict[str, str],
    policy: dict[str, Any],
    cdn: str | None,
) -> None:
    with freeze_time("2026-01-01"):
        stored = serve(config={"STATIC_OPTIMIZER_CDN_CACHE_CONTROL": cdn}, **policy)
        stored.get()
        answer = ask(stored, method=method, **headers)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = stored.client.open("/thing", method=method, headers=named)
    assert answer is not None
    assert len(stored.runs) == 1
    assert answer.status == response.status_code
    assert b"".join(answer.body) == response.data
    unordered = sorted((name.lower(), value) for name, value in response.headers)
    if answer.status == 412:  # how an error looks is the framework's business
        assert ("cache-control", "no-store") in unordered
    else:
        assert sorted((name.lower(), value) for name, value in answer.headers) == unordered


@pytest.mark.parametrize(
    "headers", [{"Range": "bytes=0-1"}, {"Authorization": "Basic YTpi"}, {"Host": "other"}]
)
def test_what_it_leaves_to_the_view(serve: Serve, headers: dict[str, str]) -> None:
    stored = serve()
    stored.get()
    assert ask(stored, **headers) is None
    assert ask(stored, path="/thing?x") is None
    assert ask(stored, method="POST") is None


def test_what_is_stale_is_left_to_the_view(serve: Serve) -> None:
    with freeze_time("2026-01-01") as clock:
        stored = serve(max_age=10, stale_while_revalidate=60)
        stored.get()
        clock.tick(10)
        assert ask(stored) is None


@pytest.mark.parametrize("policy", [{"session": "protected", "max_age": None}, {"store": False}])
def test_what_is_not_stored_is_left_to_the_view(serve: Serve, policy: dict[str, Any]) -> None:
    stored = serve(**policy)
    stored.get()
    assert ask(stored) is None


def test_a_request_can_demand_a_new_one(serve: Serve) -> None:
    """A request can demand a new response where that is configured."""
    stored = serve(config={"STATIC_OPTIMIZER_STORE_OBEYS_REQUESTS": True})
    stored.get()
    assert ask(stored) is not None
    assert ask(stored, Cache_Control="no-cache") is None


def test_a_store_that_is_down_is_no_answer(serve: Serve) -> None:
    stored = serve(config={"CACHE_TYPE": "SimpleCache"}, add=Cache)
    stored.get()
    [backend] = stored.app.extensions["cache"].values()
    backend.get_many = lambda *_: 1 / 0
    assert ask(stored) is None


def test_a_bare_environ(serve: Serve) -> None:
    stored = serve()
    stored.get()
    state: Any = stored.app.extensions[EXTENSION]
    policy = state.endpoints.get("thing").default
    store = state.open_store()
    assert store.answer({"REQUEST_METHOD": "GET"}, "thing", policy) is None
