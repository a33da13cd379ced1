"""The fields ``query``, ``key`` and ``unless``: which requests share a stored response."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from flask import Flask, Response, abort, g, make_response, request
from flask.globals import request_ctx
from freezegun import freeze_time

from conftest import RedisServer
from flask_static_optimizer import StaticOptimizer

from .conftest import Caches, Stored, status_of
from .test_lifetimes import wait_until

Serve = Callable[..., Stored]
Log = pytest.LogCaptureFixture


def echo() -> str:
    """Return all that a view may see of the query."""
    environ = request.environ
    return repr(
        (
            request.args.to_dict(flat=False),
            request.values.to_dict(),
            request.query_string,
            request.url,
            request.full_path,
            environ["QUERY_STRING"],
            environ.get("RAW_URI"),
            environ.get("REQUEST_URI"),
        )
    )


@pytest.fixture(params=["query", "key"])
def policy(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Give the two ways to say that ``page`` and ``q`` count, and nothing else."""

    def key(**_: Any) -> str:
        from flask import request

        return f"{request.args.getlist('page')} {request.args.getlist('q')}"

    return {"query": ["page", "q"]} if request.param == "query" else {"key": key}


class TestWhatCounts:
    def test_other_parameters_share_a_response(
        self, serve: Serve, policy: dict[str, Any], cache: Caches
    ) -> None:
        """Whatever else is in the query, and in any order, in every backend."""
        stored = serve(add=cache.install, config=cache.config, **policy)
        first = stored.get("/thing?q=a&page=1&utm_source=x")
        assert status_of(first) == "fwd=uri-miss; stored"
        for query in ("page=1&q=a", "fbclid=9&q=a&page=1", "&&page=1&utm_source=y&q=a&"):
            response = stored.get(f"/thing?{query}")
            assert (status_of(response), response.text) == ("hit", "run 1")
        assert stored.get("/thing?page=1&q=a", method="HEAD").status_code == 200
        etag = first.headers["ETag"]
        same = stored.get("/thing?q=a&page=1&x=2", headers={"If-None-Match": etag})
        assert (same.status_code, len(stored.runs)) == (304, 1)

    @pytest.mark.parametrize(
        "other",
        ["", "?page=1", "?q=a", "?page=2&q=a", "?page=1&page=1&q=a", "?page=1&q=A", "?page&q=a"],
    )
    def test_other_values_do_not(self, serve: Serve, policy: dict[str, Any], other: str) -> None:
        stored = serve(**policy)
        stored.get("/thing?page=1&q=a")
        assert stored.get(f"/thing{other}").text == "run 2"

    def test_values_of_one_name_keep_their_order(
        self, serve: Serve, policy: dict[str, Any]
    ) -> None:
        stored = serve(**policy)
        stored.get("/thing?q=a&q=b")
        assert stored.get("/thing?q=b&q=a").text == "run 2"
        assert stored.get("/thing?q=a&page=&q=b").text == "run 3"

    def test_none_counts(self, serve: Serve) -> None:
        stored = serve(query=[])
        stored.get("/thing?a=1")
        assert [stored.get(f"/thing{query}").text for query in ("", "?b")] == ["run 1"] * 2

    def test_host_script_root_and_variants_still_count(
        self, serve: Serve, policy: dict[str, Any]
    ) -> None:
        stored = serve(vary="Accept-Language", **policy)
        for kwargs in (
            {},
            {"base_url": "http://other.example"},
            {"base_url": "http://localhost/root"},
            {"headers": {"Accept-Language": "de"}},
        ):
            runs = len(stored.runs)
            stored.get("/thing?page=1&x=1", **kwargs)
            assert status_of(stored.get("/thing?page=1&x=2", **kwargs)) == "hit"
            assert len(stored.runs) == runs + 1

    @pytest.mark.parametrize("sent", ["caf%C3%A9=1", "caf%c3%a9=1", "caf\u00e9=1"])
    def test_names_are_decoded(self, serve: Serve, sent: str) -> None:
        stored = serve(lambda: request.args.get("caf\u00e9", "none"), query="caf\u00e9")
        assert stored.get(f"/thing?x=2&{sent}").text == "1"

    def test_a_long_parameter_that_does_not_count(self, serve: Serve) -> None:
        """What is left out of the key is no reason not to store."""
        stored = serve(query="page")
        assert status_of(stored.get(f"/thing?page=1&x={'y' * 5000}")) == "fwd=uri-miss; stored"

    def test_rules(self, serve: Serve) -> None:
        """A rule says it for a view, and what it says takes the place of the decorator's."""
        rules = {"thing": {"query": ["page"]}}
        stored = serve(
            lambda: request.query_string.decode(),
            key=lambda: "always the same",
            config={"STATIC_OPTIMIZER_RULES": rules},
        )
        assert stored.get("/thing?x=1&page=2").text == "page=2"
        assert stored.get("/thing?page=3").text == "page=3"

    def test_express_changes_nothing(self, serve: Serve, policy: dict[str, Any]) -> None:
        stored = serve(config={"STATIC_OPTIMIZER_EXPRESS": True}, **policy)
        stored.get("/thing?page=1&x=1")
        assert status_of(stored.get("/thing?page=1&x=2")) == "hit"


class TestPurging:
    @pytest.mark.parametrize("by", ["path", "URL", "unsafe"])
    def test_all_of_a_path(
        self, serve: Serve, policy: dict[str, Any], redis: RedisServer, by: str
    ) -> None:
        """A purge by path or URL and an unsafe request reach each key of the path."""
        cache = Caches("RedisCache", {"CACHE_TYPE": "RedisCache", "CACHE_REDIS_PORT": redis.port})

        def add(app: Flask) -> None:
            cache.install(app)
            app.add_url_rule("/thing", "change", lambda: "", methods=["PUT"])

        stored = serve(add=add, config=cache.config, **policy)
        paths = ["/thing?page=1", "/thing?page=2&utm_source=x", "/thing"]
        for path in paths:
            stored.get(path)
        assert {status_of(stored.get(path)) for path in paths} == {"hit"}
        if by == "unsafe":
            stored.client.put("/thing?anything=1").close()
        else:
            with stored.app.app_context():
                url = "http://localhost/thing?utm_source=y"
                StaticOptimizer().purge(path="/thing" if by == "path" else url)
        assert {status_of(stored.get(path)) for path in paths} == {"fwd=uri-miss; stored"}


class TestWhatTheViewSees:
    def test_only_what_counts(self, serve: Serve, policy: dict[str, Any]) -> None:
        """Nothing that the key leaves out changes a response, wherever the view looks."""
        bodies = []
        for query in ("page=1", "x=2&page=1&page2=3", "page=1&x=%FF"):
            stored = serve(echo, **policy)
            raw = {"RAW_URI": f"/thing?{query}", "REQUEST_URI": f"/thing?{query}"}
            bodies.append(stored.get(f"/thing?{query}", environ_overrides=raw).text)
        assert len(set(bodies)) == 1
        assert "/thing?page=1'" in bodies[0]

    def test_hooks_afterwards_see_all(self, serve: Serve, policy: dict[str, Any]) -> None:
        seen = []

        def add(app: Flask) -> None:
            @app.after_request
            def note(response: Response) -> Response:
                seen.append((request.args["utm_source"], request.url, request.query_string))
                return response

        stored = serve(add=add, **policy)
        for _ in range(2):
            assert "run 1" in stored.get("/thing?utm_source=x&page=1").text
        url = "http://localhost/thing?utm_source=x&page=1"
        assert seen == [("x", url, b"utm_source=x&page=1")] * 2

    def test_after_an_exception_all_is_there_again(
        self, serve: Serve, policy: dict[str, Any]
    ) -> None:
        def add(app: Flask) -> None:
            app.register_error_handler(404, lambda _: (request.args["x"], 404))

        stored = serve(lambda: abort(404), add=add, **policy)
        assert stored.get("/thing?x=all").text == "all"

    def test_validators_see_the_same(self, serve: Serve) -> None:
        """The ``ETag`` of a function is that of the shared response."""
        stored = serve(query="page", etag=lambda: request.args.get("x", "none"))
        assert stored.get("/thing?x=1").headers["ETag"] == '"none"'

    def test_unsafe_requests_see_all(self, serve: Serve) -> None:
        """A view that also takes forms sees the whole query of these."""

        def add(app: Flask) -> None:
            app.add_url_rule(
                "/thing", "thing", app.view_functions["thing"], methods=["POST", "OPTIONS"]
            )

        stored = serve(lambda: request.args.get("lang", "none"), query="page", add=add)
        assert stored.get("/thing?lang=de").text == "none"
        assert stored.client.post("/thing?lang=de").text == "de"

    def test_a_view_that_reads_another_is_told_of_it(self, serve: Serve, caplog: Log) -> None:
        stored = serve(lambda: request.args.get("lang", "none"), query=["page"])
        for lang in ("de", "fr"):
            assert stored.get(f"/thing?lang={lang}").text == "none"
        stored.get("/thing?page=2")
        assert warnings(caplog) == [
            "static_optimizer: the view 'thing' reads the parameter 'lang', which is not there for"
            " it, as its key leaves it out. Leave it alone, or name it in query=['page']."
        ]

    def test_reading_what_counts_is_not_told(
        self, serve: Serve, policy: dict[str, Any], caplog: Log
    ) -> None:
        serve(lambda: [*request.args, request.args.get("q")], **policy).get("/thing?q=1&x=2")
        assert warnings(caplog) == []


class TestHooks:
    """What a hook has read before the view may be in ``g``, and then in the response."""

    READS: ClassVar[dict[str, Callable[[], Any]]] = {
        "by name": lambda: request.args.get("lang"),
        "by item": lambda: "lang" in request.args and request.args["lang"],
        "as a list": lambda: request.args.getlist("lang"),
        "from values": lambda: request.values.get("lang"),
        "all": lambda: request.args.to_dict().get("lang"),
        "unpacked": lambda: {**request.args}.get("lang"),
        "the URL": lambda: request.url,
        "the full path": lambda: request.full_path,
    }

    @pytest.mark.parametrize("read", READS)
    def test_what_a_hook_has_read(
        self, serve: Serve, policy: dict[str, Any], caplog: Log, read: str
    ) -> None:
        """Such a request neither gets a stored response nor leaves one."""

        def add(app: Flask) -> None:
            @app.before_request
            def choose() -> None:
                g.lang = repr(self.READS[read]())

        stored = serve(lambda: g.lang, add=add, **policy)
        plain = stored.get("/thing?page=1").text
        german = stored.get("/thing?page=1&lang=de")
        assert "de" in german.text
        assert status_of(german) == "fwd=bypass"
        again = stored.get("/thing?page=1")
        assert (status_of(again), again.text) == ("hit", plain)
        (said,) = warnings(caplog)
        assert "before the view 'thing'" in said
        assert "after_request" in said

    def test_a_view_that_reads_what_a_hook_kept(self, serve: Serve, policy: dict[str, Any]) -> None:
        """Parameters that a hook has kept are the whole ones, so nothing is stored."""

        def add(app: Flask) -> None:
            @app.before_request
            def keep() -> None:
                g.args = request.args

        stored = serve(lambda: g.args.get("lang", "none"), add=add, **policy)
        first = stored.get("/thing?lang=de")
        assert (first.text, status_of(first)) == ("de", "fwd=uri-miss")
        assert stored.get("/thing").text == "none"

    def test_a_view_that_looks_there_for_what_was_not_sent(
        self, serve: Serve, policy: dict[str, Any], caplog: Log
    ) -> None:
        """Else the response for who did not send it would be that for who did."""

        def add(app: Flask) -> None:
            @app.before_request
            def keep() -> None:
                g.args = request.args

        stored = serve(lambda: g.args.get("lang", "none"), add=add, **policy)
        for query, text in (("", "none"), ("?lang=de", "de"), ("", "none"), ("?lang=en", "en")):
            assert stored.get(f"/thing{query}").text == text
        (said,) = warnings(caplog)
        assert "the parameter 'lang'" in said

    def test_a_view_that_reads_all_that_a_hook_kept(
        self, serve: Serve, policy: dict[str, Any]
    ) -> None:
        def add(app: Flask) -> None:
            @app.before_request
            def keep() -> None:
                g.args = request.args

        stored = serve(lambda: repr(g.args.to_dict()), add=add, **policy)
        assert stored.get("/thing").text == "{}"
        assert stored.get("/thing?lang=en").text == "{'lang': 'en'}"
        assert stored.get("/thing").text == "{}"

    def test_later_hooks_have_the_whole_url_adapter(
        self, serve: Serve, policy: dict[str, Any]
    ) -> None:
        seen: list[str] = []

        def add(app: Flask) -> None:
            @app.after_request
            def look(response: Response) -> Response:
                seen.append(repr(request_ctx.url_adapter.query_args))
                return response

        serve(lambda: "thing", add=add, **policy).get("/thing?lang=evil&page=1")
        assert "evil" in seen[-1]

    def test_the_url_adapter_has_no_more(self, serve: Serve, policy: dict[str, Any]) -> None:
        """Werkzeug puts its query into the URLs of redirects."""
        stored = serve(lambda: repr(request_ctx.url_adapter.query_args), **policy)
        assert "evil" not in stored.get("/thing?lang=evil&page=1").text
        assert status_of(stored.get("/thing?lang=en&page=1")) == "hit"

    def test_other_parameters_may_be_read(
        self, serve: Serve, policy: dict[str, Any], caplog: Log
    ) -> None:
        """A hook that reads what counts, or what was not sent, costs nothing."""

        def add(app: Flask) -> None:
            app.before_request(lambda: g.update_() if request.args.get("token") else None)
            app.before_request(lambda: request.args.get("page") and None)

        stored = serve(add=add, **policy)
        stored.get("/thing?page=1&utm_source=x")
        assert status_of(stored.get("/thing?page=1&utm_source=y")) == "hit"
        assert warnings(caplog) == []


class TestKey:
    def test_the_view_sees_the_values_that_it_read(self, serve: Serve) -> None:
        """The first one, if that is all: more of them would be in what others get."""
        stored = serve(lambda: request.url, key=lambda **_: request.args.get("page", "1"))
        first = stored.get("/thing?page=1&page=evil")
        assert "evil" not in first.text
        again = stored.get("/thing?page=1")
        assert (status_of(again), again.text) == ("hit", first.text)

    def test_further_values_in_what_a_hook_kept(self, serve: Serve, caplog: Log) -> None:
        """The key has the first one only, of whoever asks."""

        def add(app: Flask) -> None:
            @app.before_request
            def keep() -> None:
                g.args = request.args

        stored = serve(
            lambda: repr(g.args.getlist("page")),
            add=add,
            key=lambda **_: request.args.get("page", "1"),
        )
        assert stored.get("/thing?page=1").text == "['1']"
        assert stored.get("/thing?page=1&page=2").text == "['1', '2']"
        (said,) = warnings(caplog)
        assert "the parameter 'page'" in said

    def test_a_hook_sees_all_values(self, serve: Serve) -> None:
        def add(app: Flask) -> None:
            @app.before_request
            def keep() -> None:
                g.pages = request.args.getlist("page")

        stored = serve(
            lambda: repr(g.pages), add=add, key=lambda **_: request.args.get("page", "1")
        )
        assert "evil" in stored.get("/thing?page=1&page=evil").text
        assert "evil" not in stored.get("/thing?page=1").text

    def test_it_is_called_with_the_views_arguments(self, serve: Serve) -> None:
        """In the request, by its session and hooks."""

        def add(app: Flask) -> None:
            @app.before_request
            def tenant() -> None:
                g.tenant = request.headers.get("X-Tenant", "")

        stored = serve(
            path="/thing/<int:number>", add=add, key=lambda number: f"{number % 2} {g.tenant}"
        )
        for tenant, text in (("a", "run 1"), ("b", "run 2"), ("a", "run 1")):
            assert stored.get("/thing/1", headers={"X-Tenant": tenant}).text == text
        assert stored.get("/thing/3").text == "run 3"

    def test_a_text_is_not_taken_for_a_query(self, serve: Serve) -> None:
        stored = serve(key=lambda: request.args.get("k", ""))
        texts = [stored.get(f"/thing?k={k}").text for k in ("", "a%3D1", "key%20a", "k=a", "a")]
        assert len(set(texts)) == len(texts)

    def test_a_text_is_not_taken_for_an_older_query(self, serve: Serve, redis: RedisServer) -> None:
        """What was stored by its query before a deploy does not answer for a text like it."""
        cache = Caches("RedisCache", {"CACHE_TYPE": "RedisCache", "CACHE_REDIS_PORT": redis.port})
        before = serve(lambda: "old", add=cache.install, config=cache.config)
        assert status_of(before.get("/thing?a=1")) == "fwd=uri-miss; stored"
        after = serve(lambda: "new", add=cache.install, config=cache.config, key=lambda: "a=1")
        assert after.get("/thing").text == "new"

    def test_of_the_whole_url(self, serve: Serve) -> None:
        """A function that reads all parameters hides none."""
        stored = serve(lambda: request.args["x"], key=lambda: request.url)
        assert [stored.get(f"/thing?x={x}").text for x in "aba"] == ["a", "b", "a"]

    def test_async(self, serve: Serve) -> None:
        async def key() -> str:
            return request.args.get("a", "")

        async def unless() -> bool:
            return "b" in request.args

        stored = serve(key=key, unless=unless)
        assert [stored.get(f"/thing?{q}").text for q in ("a=1", "a=1&c", "b")] == [
            "run 1",
            "run 1",
            "run 2",
        ]

    @pytest.mark.parametrize(
        ("key", "words"),
        [
            (lambda: None, None),
            (lambda: 7, "the key function of 'thing' gave 7. Give a string, or None"),
            (lambda: ("a", "b"), "the key function of 'thing' gave ('a', 'b')"),
            (lambda: b"a", "gave b'a'"),
            (lambda: {}["missing"], "KeyError: 'missing'"),
            (lambda: abort(418), "ImATeapot"),
            (lambda: request.args["q"], "BadRequestKeyError"),
        ],
    )
    def test_without_a_key_nothing_is_stored(
        self, serve: Serve, caplog: Log, key: Callable[[], Any], words: str | None
    ) -> None:
        """The view runs, sees everything, and the log says why, once."""
        stored = serve(lambda: f"{len(stored.runs)} {request.args.get('x')}", key=key)
        for run in ("1", "2"):
            response = stored.get("/thing?x=7")
            assert (response.text, status_of(response)) == (f"{run} 7", "fwd=bypass")
        said = warnings(caplog)
        assert len(said) == (words is not None)
        assert words is None or words in said[0]

    def test_a_view_that_reads_more_than_its_key(self, serve: Serve, caplog: Log) -> None:
        stored = serve(
            lambda: request.args.get("lang", "none"), key=lambda: request.args.get("page", "")
        )
        assert stored.get("/thing?lang=de&page=1").text == "none"
        (said,) = warnings(caplog)
        assert "let the key function read it of request.args, too" in said

    def test_a_refresh_is_found_by_the_same_key(self, serve: Serve) -> None:
        with freeze_time("2024-01-01 12:00:00", tz_offset=0) as clock:
            stored = serve(
                max_age=10, stale_while_revalidate=60, key=lambda: request.args.get("page", "")
            )
            stored.get("/thing?page=1&x=1")
            clock.tick(20)
            assert stored.get("/thing?page=1&x=2").text == "run 1"
            wait_until(lambda: stored.get("/thing?x=3&page=1").text == "run 2")


class TestUnless:
    def test_neither_read_nor_stored(self, serve: Serve) -> None:
        """The view runs, and says only what it says itself."""

        def view() -> Response:
            response = make_response(f"run {len(stored.runs)} {request.args.get('preview')}")
            response.headers["X-Own"] = "yes"
            return response

        stored = serve(
            view,
            unless=lambda: "preview" in request.args,
            headers={"X-Policy": "yes"},
            tags="things",
            vary="Accept-Language",
            config={"STATIC_OPTIMIZER_TAG_HEADERS": ["Cache-Tag"]},
        )
        assert stored.get("/thing").text == "run 1 None"
        response = stored.get("/thing?preview=1", headers={"Range": "bytes=0-1"})
        assert (response.status_code, response.text) == (200, "run 2 1")
        assert set(dict(response.headers)) == {"Content-Type", "Content-Length", "X-Own"}
        assert stored.get("/thing?preview=1").text == "run 3 1"
        assert status_of(stored.get("/thing")) == "hit"

    def test_what_it_reads_is_not_in_the_key(self, serve: Serve, policy: dict[str, Any]) -> None:
        stored = serve(unless=lambda: request.args.get("preview") == "1", **policy)
        texts = [stored.get(f"/thing?preview={value}").text for value in "01020"]
        assert texts == ["run 1", "run 2", "run 1", "run 1", "run 1"]

    def test_it_is_not_read(self, serve: Serve) -> None:
        """What is stored of the same URL does not answer an exempted request, and stays."""
        stored = serve(unless=lambda: "X-Fresh" in request.headers, query=["page"])
        stored.get()
        assert stored.get(headers={"X-Fresh": "1"}).text == "run 2"
        assert stored.get().text == "run 1"

    @pytest.mark.parametrize("said", ["private, max-age=5", "max-age=7"])
    def test_the_views_own_word_and_conditions(self, serve: Serve, said: str) -> None:
        def view() -> Response:
            response = make_response("x")
            response.headers["Cache-Control"] = said
            response.set_etag("own")
            return response.make_conditional(request)

        stored = serve(view, unless=lambda: True)
        response = stored.get(headers={"If-None-Match": '"own"'})
        assert (response.status_code, response.headers["Cache-Control"]) == (304, said)

    def test_an_error_is_like_any_other(self, serve: Serve) -> None:
        stored = serve(lambda: abort(404), unless=lambda: True)
        assert "Cache-Control" not in stored.get().headers

    def test_no_cookie_and_nothing_private(self, serve: Serve) -> None:
        """The session's laws hold for it, too."""
        from flask import session

        def view() -> Response:
            session["user"] = 1
            response = make_response("x")
            response.set_cookie("a", "b")
            return response

        response = serve(view, unless=lambda: True).get()
        assert response.headers["Cache-Control"] == "private"
        assert "Set-Cookie" not in response.headers

    def test_one_that_fails_exempts(self, serve: Serve, caplog: Log) -> None:
        stored = serve(unless=lambda: 1 / 0)
        for run in ("run 1", "run 2"):
            response = stored.get()
            assert (response.text, "Cache-Control" in response.headers) == (run, False)
        (said,) = warnings(caplog)
        assert "the unless function of 'thing' failed" in said
        assert "ZeroDivisionError" in said


def test_who_answers(serve: Serve, through: str) -> None:
    """A key of names is the lane's, too; a function needs the request."""
    for policy, is_for_lane in (
        ({"query": ["page"]}, True),
        ({"key": lambda: "x"}, False),
        ({"unless": lambda: False}, False),
    ):
        stored = serve(**policy)
        stored.get()
        environ = {"HTTP_HOST": "localhost", "PATH_INFO": "/thing",
                   "QUERY_STRING": "utm=1" if is_for_lane else "",
                   "REQUEST_METHOD": "GET", "wsgi.url_scheme": "http"}  # fmt: skip
        lane = stored.app.extensions["static_optimizer"].lane
        found = lane.answer(environ)
        assert (found is not None) is (is_for_lane and through == "lane")


def test_bytes_that_are_no_text(serve: Serve, policy: dict[str, Any]) -> None:
    """They are for whoever reads the parameters, as in plain Flask."""
    stored = serve(**policy)
    environ = {"QUERY_STRING": "x=\xff"}
    assert stored.get(environ_overrides=environ).status_code == 200


def warnings(caplog: Log) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno >= logging.WARNING and "static_optimizer" in record.getMessage()
    ]
