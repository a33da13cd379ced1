"""The sharing of stored responses between visitors, as pairs of requests."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import (
    Flask,
    Response,
    after_this_request,
    g,
    make_response,
    request,
    send_file,
    session,
    stream_with_context,
)
from freezegun import freeze_time
from werkzeug.middleware.proxy_fix import ProxyFix

from flask_static_optimizer import cacheable_static

from .conftest import Stored, status_of

Serve = Callable[..., Stored]


def seen(stored: Stored, *requests: dict[str, Any]) -> list[str]:
    """Return the bodies of some requests, in this order."""
    return [stored.client.open(**{"path": "/thing", **each}).text for each in requests]


def test_the_second_visitor_gets_the_stored(serve: Serve) -> None:
    """The second visitor is answered from the store."""
    stored = serve(lambda: make_response("x", 200, {"X-Own": "yes", "Link": "</a>; rel=next"}))
    first, second = stored.get(), stored.get()
    assert len(stored.runs) == 1
    assert (status_of(first), status_of(second)) == ("fwd=uri-miss; stored", "hit")
    changing = {"Age", "Cache-Status"}
    assert {field for field in first.headers if field[0] not in changing} == {
        field for field in second.headers if field[0] not in changing
    }
    assert first.data == second.data


class TestKey:
    @pytest.mark.parametrize(
        "other",
        [
            {"base_url": "http://other.example"},
            {"base_url": "http://localhost:8080"},
            {"base_url": "https://localhost"},
            {"base_url": "http://localhost/root"},
            {"path": "/thing?a=1"},
        ],
    )
    def test_another_url_has_a_response_of_its_own(
        self, serve: Serve, other: dict[str, Any]
    ) -> None:
        stored = serve(lambda: request.url)
        first, second = seen(stored, {}, other)
        assert first != second
        assert seen(stored, {}, other) == [first, second]
        assert len(stored.runs) == 2

    @pytest.mark.parametrize(
        ("one", "other"),
        [("a=1&a=2", "a=2&a=1"), ("a=1&b=2", "b=2&a=1"), ("a", "a="), ("a=%62", "a=b"), ("", "x")],
    )
    def test_the_query_counts_as_it_was_sent(self, serve: Serve, one: str, other: str) -> None:
        """A query counts as it was sent.

        A view may read the order of ``a=1&a=2``.
        """
        stored = serve(lambda: request.query_string)
        queries = [{"path": f"/thing?{query}"} for query in (one, other)]
        assert seen(stored, *queries, *queries) == [one, other] * 2
        assert len(stored.runs) == 2

    def test_parts_of_a_url_stay_apart(self, serve: Serve) -> None:
        """The parts of a URL do not run into each other."""
        stored = serve(lambda: f"{request.script_root} {request.path}", path="/<path:name>")
        urls = [{"base_url": "http://localhost/a", "path": "/b/c"},
                {"base_url": "http://localhost/a/b", "path": "/c"}]  # fmt: skip
        assert seen(stored, *urls, *urls) == ["/a /b/c", "/a/b /c"] * 2

    def test_a_post_is_not_served_to_a_get(self, serve: Serve) -> None:
        def add(app: Flask) -> None:
            app.add_url_rule("/form", "form", cacheable_static(form), methods=["GET", "POST"])

        def form() -> str:
            return f"{request.method} {request.form.get('name', '')}"

        client = serve(add=add).client
        assert client.post("/form", data={"name": "ada"}).text == "POST ada"
        assert client.get("/form").text == "GET "
        assert client.post("/form", data={"name": "bob"}).text == "POST bob"

    @pytest.mark.parametrize("name", ["Host", "Proto", "Port", "Prefix"])
    @pytest.mark.parametrize("trusted", [False, True])
    def test_forwarded_headers_poison_nothing(self, serve: Serve, name: str, trusted: bool) -> None:
        def late(app: Flask) -> None:
            if trusted:
                app.wsgi_app = ProxyFix(app.wsgi_app, x_host=1, x_proto=1, x_port=1, x_prefix=1)

        stored = serve(
            lambda: f"{request.url_root} {request.headers.get(f'X-Forwarded-{name}')}", late=late
        )
        value = {"Host": "evil.example", "Proto": "https", "Port": "81", "Prefix": "/evil"}[name]
        poisoned, clean = seen(stored, {"headers": {f"X-Forwarded-{name}": value}}, {})
        assert value in poisoned
        assert value not in clean

    @pytest.mark.parametrize("path", ["/thing?" + "x" * 5000, "/thing?" + "a[]=&" * 2000])
    def test_a_huge_url_is_not_stored(self, serve: Serve, path: str) -> None:
        stored = serve()
        assert [status_of(stored.get(path)) for _ in range(2)] == ["fwd=bypass"] * 2

    @pytest.mark.parametrize("query", ["\xff\xfe", "%00%ff", "'\"<>", "\u65e5"])
    def test_an_odd_url_is_stored_like_any(self, serve: Serve, query: str) -> None:
        stored = serve()
        environ = {"QUERY_STRING": query.encode().decode("latin-1")}
        statuses = [status_of(stored.get(environ_overrides=environ)) for _ in range(2)]
        assert statuses == ["fwd=uri-miss; stored", "hit"]


class TestVisitors:
    def test_a_stored_view_sees_no_session(self, serve: Serve) -> None:
        """A stored view that looks at the session sees an empty one."""
        stored = serve(lambda: f"hello {session.get('visits', 'stranger')}")
        stored.client.get("/")
        mine = stored.get()
        other = stored.app.test_client().get("/thing")
        assert mine.text == other.text == "hello stranger"

    def test_a_protected_view_is_never_stored(self, serve: Serve) -> None:
        stored = serve(lambda: f"visit {session.get('visits', 0)}", max_age=None,
                       session="protected")  # fmt: skip
        stored.client.get("/")
        assert stored.get().text == "visit 1"
        other = stored.app.test_client().get("/thing")
        assert other.text == "visit 0"
        assert other.headers["Cache-Control"] == "private, no-cache"
        assert "Cache-Status" not in other.headers

    def test_a_view_that_writes_is_not_stored(self, serve: Serve) -> None:
        """A response whose view wrote into the session is not stored."""

        def view() -> str:
            session["token"] = f"token of {request.args.get('who')}"
            return str(session["token"])

        stored = serve(view)
        for _ in range(2):
            response = stored.get("/thing")
            assert status_of(response) == "fwd=uri-miss"
            assert "private" in response.headers["Cache-Control"]
        assert len(stored.runs) == 2

    def test_a_hook_that_writes_prevents_storing(self, serve: Serve) -> None:
        """A response is not stored where a hook wrote about one visitor."""

        def add(app: Flask) -> None:
            @app.before_request
            def remember() -> None:
                g.user = request.cookies.get("remember")
                if g.user:
                    session["user"] = g.user

        stored = serve(lambda: f"hello {g.user}", add=add)
        stored.client.set_cookie("remember", "ada")
        assert stored.get().text == "hello ada"
        assert stored.app.test_client().get("/thing").text == "hello None"

    @pytest.mark.parametrize("first", [{"Authorization": "Basic YTpi"}, {}])
    def test_authorization_bypasses_the_store(self, serve: Serve, first: dict[str, str]) -> None:
        stored = serve(lambda: str(request.authorization and request.authorization.username))
        headers = [first, {} if first else {"Authorization": "Basic YTpi"}]
        texts = seen(stored, *({"headers": each} for each in headers * 2))
        assert texts == ["a" if each else "None" for each in headers * 2]

    def test_remote_user_bypasses_the_store(self, serve: Serve) -> None:
        """A user whom the server knows (REMOTE_USER) bypasses the store."""
        stored = serve(lambda: str(request.remote_user))
        users = [{"environ_overrides": {"REMOTE_USER": name}} for name in ("ada", "bob", "")]
        assert seen(stored, *users, *users) == ["ada", "bob", ""] * 2
        assert "private" in stored.get(**users[0]).headers["Cache-Control"]
        assert status_of(stored.get(**users[2])) == "hit"

    @pytest.mark.parametrize("override", [False, True])
    def test_request_content_chooses_nothing(self, serve: Serve, override: bool) -> None:
        """The content of one visitor's request chooses nothing for others."""
        stored = serve(lambda: request.get_data(as_text=True))
        flask = stored.app.wsgi_app

        def overriding(environ: Any, start_response: Any) -> Any:
            environ["REQUEST_METHOD"] = environ.get("HTTP_X_HTTP_METHOD_OVERRIDE", "GET")
            return flask(environ, start_response)

        stored.app.wsgi_app = overriding  # type: ignore[method-assign]
        fat = {"data": "evil", "headers": {"X-HTTP-Method-Override": "GET"} if override else {}}
        fat["method"] = "POST" if override else "GET"
        assert stored.client.open("/thing", **fat).text == "evil"
        chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
        chunked["wsgi.input"] = io.BytesIO(b"evil")
        assert stored.get(environ_overrides=chunked).text == "evil"
        assert stored.get().text == ""
        assert stored.client.open("/thing", **fat).text == "evil"

    def test_authorization_with_public(self, serve: Serve) -> None:
        stored = serve(public=True)
        first = stored.get(headers={"Authorization": "Basic YTpi"})
        second = stored.get()
        assert (status_of(first), status_of(second)) == ("fwd=uri-miss; stored", "hit")
        assert second.headers["Cache-Control"] == "public, max-age=60"

    @pytest.mark.parametrize("name", ["Cookie", "Authorization", "*"])
    def test_what_varies_by_its_visitor_is_not_stored(self, serve: Serve, name: str) -> None:
        stored = serve(lambda: make_response("x", {"Vary": f"Accept, {name}"}))
        stored.get()
        assert status_of(stored.get()) == "fwd=uri-miss"

    @pytest.mark.parametrize(
        "said", ["private", "no-store", "no-cache", "Private, max-age=9", 'no-cache="X-A"',
                 'private="X-A", max-age=9', "max-age=60, no-store"]
    )  # fmt: skip
    @pytest.mark.parametrize("hook", [False, True])
    def test_the_stricter_word_of_a_view_or_hook(self, serve: Serve, said: str, hook: bool) -> None:
        def add(app: Flask) -> None:
            @app.after_request
            def after(response: Response) -> Response:
                response.headers["Cache-Control"] = said
                return response

        stored = serve(
            None if hook else lambda: make_response("x", {"Cache-Control": said}),
            add=add if hook else None,
        )
        stored.get()
        assert status_of(stored.get()) == "fwd=uri-miss"
        assert len(stored.runs) == 2

    def test_a_cookie_is_neither_sent_nor_replayed(self, serve: Serve) -> None:
        def view() -> Response:
            response = make_response("x")
            response.set_cookie("id", str(len(stored.runs)))
            return response

        stored = serve(view)
        for _ in range(2):
            response = stored.get()
            assert "Set-Cookie" not in response.headers
            assert status_of(response) == "fwd=uri-miss"

    def test_a_cookie_of_a_hook_is_not_replayed(self, serve: Serve) -> None:
        def add(app: Flask) -> None:
            @app.after_request
            def after(response: Response) -> Response:
                response.set_cookie("tracker", "1")
                return response

        stored = serve(add=add)
        assert status_of(stored.get()) == "fwd=uri-miss; stored"
        assert "Set-Cookie" not in stored.get().headers


class TestVary:
    def view(self) -> Response:
        chosen = request.accept_languages.best_match(["en", "de"], "en")
        return make_response(chosen, {"Vary": "Accept-Language"})

    def test_each_language_has_its_own(self, serve: Serve) -> None:
        stored = serve(self.view)
        wanted = [{"headers": {"Accept-Language": name}} for name in ("de", "en", "fr, de;q=0.5")]
        assert seen(stored, *wanted, *wanted) == ["de", "en", "de"] * 2
        assert len(stored.runs) == 3

    def test_spellings_of_one_are_one(self, serve: Serve) -> None:
        stored = serve(self.view)
        spellings = ["de,en;q=0.5", "DE, en;q=0.5", "de , EN; q=0.5"]
        seen(stored, *({"headers": {"Accept-Language": each}} for each in spellings))
        assert len(stored.runs) == 1

    def test_codings_are_normalised(self, serve: Serve) -> None:
        """Spellings of ``Accept-Encoding`` that mean the same share one variant.

        As they were sent, 300 spellings would be 300 variants.
        """
        stored = serve(lambda: make_response("x", {"Vary": "Accept-Encoding"}))
        spellings = ["gzip, deflate, br, zstd", "br;q=1.0,zstd;q=1,gzip ,deflate", "zstd,br,x-gzip"]
        spellings += [f"gzip, deflate, br, zstd, made-up-{number}" for number in range(300)]
        for each in spellings:
            stored.get(headers={"Accept-Encoding": each})
        assert len(stored.runs) == 2
        assert (
            status_of(stored.get(headers={"Accept-Encoding": "br;q=0"})) == "fwd=vary-miss; stored"
        )

    @pytest.mark.parametrize("asked", ["xz", "gzip;q=1.5", "*"])
    def test_an_unkeyed_coding_is_not_shared(self, serve: Serve, asked: str) -> None:
        """A coding that keys do not tell apart is only for the visitor who asked."""

        def view() -> Response:
            coding = "xz" if asked == "xz" else "gzip" if asked != "*" else "compress"
            coded = request.headers["Accept-Encoding"] == asked
            headers = {"Content-Encoding": coding} if coded else {}
            return make_response(
                "coded" if coded else "plain", {"Vary": "Accept-Encoding", **headers}
            )

        stored = serve(view)
        others = ["identity", "foo", "gzip;level=9", "gzip, br, deflate, zstd"]
        wanted = [{"headers": {"Accept-Encoding": each}} for each in (asked, *others)]
        assert seen(stored, *wanted) == ["coded"] + ["plain"] * len(others)

    @pytest.mark.parametrize("odd", ["d e", "de; q = 0.1, en;q=0.5", '"de', "de\xa0"])
    def test_an_unkeyed_language_is_not_shared(self, serve: Serve, odd: str) -> None:
        """A language that is read in another way is only for the visitor who asked."""
        stored = serve(
            lambda: make_response(repr(request.accept_languages), {"Vary": "Accept-Language"})
        )
        stored.get(headers={"Accept-Language": odd})
        for plain in ("de", "de;q=0.1,en;q=0.5", '"d e'):
            read = stored.get(headers={"Accept-Language": plain}).text
            with stored.app.test_request_context(headers={"Accept-Language": plain}):
                assert read == repr(request.accept_languages)

    def test_a_field_that_wsgi_names_otherwise(self, serve: Serve) -> None:
        stored = serve(lambda: make_response(str(request.content_type), {"Vary": "Content-Type"}))
        kinds = [{"headers": {"Content-Type": kind}} for kind in ("a/b", "c/d")]
        assert seen(stored, *kinds, *kinds) == ["a/b", "c/d"] * 2

    def test_the_policy_and_hooks_say_it_too(self, serve: Serve) -> None:
        def add(app: Flask) -> None:
            @app.after_request
            def after(response: Response) -> Response:
                response.vary.add("X-Tenant")
                return response

        stored = serve(
            lambda: f"{request.headers.get('X-Tenant')} {request.headers.get('X-Kind')}",
            vary="X-Kind", add=add,
        )  # fmt: skip
        kinds = [{"headers": {"X-Tenant": a, "X-Kind": b}} for a in "12" for b in "34"]
        expected = ["1 3", "1 4", "2 3", "2 4"]
        assert seen(stored, *kinds, *kinds) == expected * 2
        assert len(stored.runs) == 4

    def test_variants_are_capped(self, serve: Serve) -> None:
        stored = serve(self.view)
        for number in range(100):
            stored.get(headers={"Accept-Language": f"x-{number}"})
        runs = len(stored.runs)
        for number in range(100):
            stored.get(headers={"Accept-Language": f"x-{99 - number}"})
        assert runs == 100
        assert 150 < len(stored.runs) <= 200 - 32


class TestWholeResponses:
    """A stored response is the whole one, whatever was asked first."""

    @pytest.mark.parametrize(
        ("method", "headers", "status"),
        [
            ("GET", {"Range": "bytes=0-2"}, 206),
            ("GET", {"Range": "bytes=999-"}, 416),
            ("GET", {"If-None-Match": "*"}, 304),
            ("GET", {"If-Match": '"x"'}, 412),
            ("HEAD", {}, 200),
            ("HEAD", {"If-None-Match": "*"}, 304),
        ],
    )
    def test_the_first_request_is_special(
        self, serve: Serve, method: str, headers: dict[str, str], status: int
    ) -> None:
        """Those who ask after a range, a condition or a HEAD get the whole.

        A part must not be stored as the whole, nor the empty 304 as the body.
        """
        stored = serve(lambda: "" if request.method == "HEAD" else "0123456789")
        first = stored.client.open("/thing", method=method, headers=headers)
        assert first.status_code == status
        for _ in range(2):
            assert stored.get().text == "0123456789"
        again = stored.client.open("/thing", method=method, headers=headers)
        assert (again.status_code, again.data) == (status, first.data)
        assert len(stored.runs) == (2 if method == "HEAD" else 1)

    def test_head_is_answered_from_get(self, serve: Serve) -> None:
        stored = serve()
        whole = stored.get()
        head = stored.client.head("/thing")
        assert (head.data, head.content_length) == (b"", len(whole.data))
        assert head.headers["ETag"] == whole.headers["ETag"]
        assert status_of(head) == "hit"

    def test_304_from_the_store(self, serve: Serve) -> None:
        stored = serve()
        etag = stored.get().headers["ETag"]
        response = stored.get(headers={"If-None-Match": etag})
        assert response.status_code == 304
        assert response.headers["ETag"] == etag
        assert response.headers["Cache-Control"] == "max-age=60"
        assert "Content-Type" not in response.headers
        assert len(stored.runs) == 1

    @pytest.mark.parametrize("status", [201, 206, 301, 302, 304, 400, 404, 410, 500, 503])
    def test_an_error_is_not_stored(self, serve: Serve, status: int) -> None:
        stored = serve(lambda: Response("x", status))
        stored.get()
        assert stored.get().status_code == status
        assert len(stored.runs) == 2

    def test_an_error_before_is_not_remembered(self, serve: Serve) -> None:
        stored = serve(lambda: Response("x", 503) if len(stored.runs) == 1 else "fine")
        assert [stored.get().text for _ in range(3)] == ["x", "fine", "fine"]

    def test_a_streamed_response_is_not_stored(self, serve: Serve) -> None:
        stored = serve(lambda: Response(stream_with_context(iter(["a", "b"]))))
        for _ in range(2):
            response = stored.get()
            assert response.text == "ab"
            assert response.headers["Cache-Control"] == "max-age=60"
        assert len(stored.runs) == 2

    def test_an_exception_in_mid_stream(self, serve: Serve) -> None:
        """An exception in mid-stream leaves nothing in the store."""

        def parts() -> Iterator[str]:
            yield "half"
            if len(stored.runs) == 1:
                raise OSError("gone")

        stored = serve(lambda: Response(parts()))
        with pytest.raises(OSError, match="gone"):
            stored.get()
        assert stored.get().text == "half"
        assert len(stored.runs) == 2

    def test_a_client_that_leaves_in_mid_body(self, serve: Serve) -> None:
        stored = serve(lambda: "x" * 500_000)
        response = stored.get(buffered=False)
        next(response.response)
        response.close()
        assert stored.get().data == b"x" * 500_000
        assert len(stored.runs) == 1

    def test_a_body_of_another_length_than_it_says(self, serve: Serve) -> None:
        def view() -> Response:
            response = make_response("short")
            response.headers["Content-Length"] = "99"
            return response

        stored = serve(view)
        stored.get()
        assert status_of(stored.get()) == "fwd=uri-miss"

    @pytest.mark.parametrize(("size", "runs"), [(1000, 1), (1001, 2)])
    @pytest.mark.parametrize("kind", ["text", "file"])
    def test_a_body_over_the_limit(self, serve: Serve, size: int, runs: int, kind: str) -> None:
        def view() -> Any:
            body = b"x" * size
            return body if kind == "text" else send_file(io.BytesIO(body), "image/png")

        stored = serve(view, config={"STATIC_OPTIMIZER_STORE_MAX_BODY": 1000})
        assert [len(stored.get().data) for _ in range(2)] == [size, size]
        assert len(stored.runs) == runs

    def test_a_file_on_disk_is_its_own_store(self, serve: Serve, static_folder: Any) -> None:
        file = static_folder / "app.css"
        stored = serve(lambda: send_file(file))
        stored.get()
        file.write_text("new")
        assert stored.get().text == "new"

    def test_unless_its_policy_says_so(self, serve: Serve, static_folder: Any) -> None:
        file = static_folder / "app.css"
        stored = serve(lambda: send_file(file, max_age=60), store=True)
        whole = stored.get()
        file.write_text("new")
        assert stored.get().data == whole.data == stored.get().data
        assert len(stored.runs) == 1

    def test_what_a_front_server_sends(self, serve: Serve) -> None:
        stored = serve(lambda: make_response("", {"X-Accel-Redirect": "/files/1"}))
        stored.get()
        assert len([stored.get()]) == 1
        assert len(stored.runs) == 2

    def test_connection_fields_are_not_stored(self, serve: Serve) -> None:
        """A field that is about one connection is not stored."""
        said = {"Connection": "X-Once", "X-Once": "1", "X-Own": "1", "Keep-Alive": "5"}
        stored = serve(lambda: make_response("x", said))
        stored.get()
        hit = stored.get().headers
        assert "X-Own" in hit
        assert not {"Connection", "X-Once", "Keep-Alive"} & set(hit.keys())


class TestHooks:
    def test_guards_still_guard(self, serve: Serve) -> None:
        def add(app: Flask) -> None:
            @app.before_request
            def guard() -> Any:
                return None if request.headers.get("X-Key") == "k" else ("no", 403)

        stored = serve(add=add)
        assert stored.get(headers={"X-Key": "k"}).status_code == 200
        assert stored.get(headers={"X-Key": "k"}).text == "run 1"
        assert stored.get().status_code == 403

    def test_what_hooks_add_is_there_once(self, serve: Serve) -> None:
        def add(app: Flask) -> None:
            @app.before_request
            def before() -> None:
                @after_this_request
                def mark(response: Response) -> Response:
                    response.headers.add("X-Request", "this")
                    return response

            @app.after_request
            def after(response: Response) -> Response:
                response.headers.add("X-Hook", str(len(stored.runs)))
                response.vary.add("Origin")
                return response

        stored = serve(add=add)
        for number in range(3):
            headers = stored.get().headers
            assert headers.getlist("X-Hook") == ["1"], number
            assert headers.getlist("X-Request") == ["this"]
            assert headers.getlist("Vary") == ["Origin"]
        assert len(stored.runs) == 1

    def test_a_coding_hook_codes_stored_bodies(self, serve: Serve) -> None:
        """A hook that codes bodies codes stored ones, too."""
        import gzip

        def add(app: Flask) -> None:
            @app.after_request
            def code(response: Response) -> Response:
                response.vary.add("Accept-Encoding")
                if "gzip" in request.accept_encodings:
                    response.set_data(gzip.compress(response.get_data(), mtime=0))
                    response.headers["Content-Encoding"] = "gzip"
                return response

        stored = serve(lambda: "x" * 500, add=add)
        coded = [stored.get(headers={"Accept-Encoding": "gzip"}) for _ in range(2)]
        plain = [stored.get() for _ in range(2)]
        assert len(stored.runs) == 1
        assert [gzip.decompress(each.data) for each in coded] == [each.data for each in plain]
        assert coded[0].headers["ETag"] == coded[1].headers["ETag"] != plain[0].headers["ETag"]
        not_modified = stored.get(headers={
            "Accept-Encoding": "gzip", "If-None-Match": coded[0].headers["ETag"]})  # fmt: skip
        assert not_modified.status_code == 304

    @pytest.mark.parametrize(("said", "lifetime"), [("max-age=10", 10), ("max-age=600", 60)])
    def test_a_hooks_shorter_lifetime_counts(self, serve: Serve, said: str, lifetime: int) -> None:
        """A hook that shortens the lifetime is heeded."""

        def add(app: Flask) -> None:
            @app.after_request
            def after(response: Response) -> Response:
                response.headers["Cache-Control"] = said
                return response

        with freeze_time("2026-01-01") as clock:
            stored = serve(add=add)
            stored.get()
            clock.tick(lifetime - 1)
            assert status_of(stored.get()) == "hit"
            clock.tick(1)
            assert stored.get().text == "run 2"

    def test_after_this_request_prevents_storing(self, serve: Serve) -> None:
        """A view that changes its response after the request is not stored."""

        def view() -> str:
            @after_this_request
            def later(response: Response) -> Response:
                response.headers["X-Later"] = "yes"
                return response

            return "x"

        stored = serve(view)
        for _ in range(2):
            assert stored.get().headers["X-Later"] == "yes"
        assert len(stored.runs) == 2

    def test_a_hook_that_fails_lets_nobody_wait(self, serve: Serve) -> None:
        def add(app: Flask) -> None:
            @app.after_request
            def after(response: Response) -> Response:
                if len(stored.runs) == 1:
                    raise OSError("hook")
                return response

        stored = serve(add=add, config={"PROPAGATE_EXCEPTIONS": False})
        assert stored.get().status_code == 500
        assert stored.get().text == "run 2"


class TestPolicy:
    @pytest.mark.parametrize("config", [{"policy": False}, {"setting": False}])
    def test_off(self, serve: Serve, config: dict[str, bool]) -> None:
        setting = {"STATIC_OPTIMIZER_STORE": config.get("setting", True)}
        stored = serve(config=setting, store=config.get("policy"))
        assert [stored.get().text for _ in range(2)] == ["run 1", "run 2"]
        assert "Cache-Status" not in stored.get().headers

    def test_on_by_policy_where_it_is_off(self, serve: Serve) -> None:
        stored = serve(config={"STATIC_OPTIMIZER_STORE": False}, store=True)
        assert [stored.get().text for _ in range(2)] == ["run 1", "run 1"]

    def test_a_view_named_in_the_rules(self, make_app: Callable[..., Flask]) -> None:
        runs: list[int] = []

        def add(app: Flask) -> None:
            app.add_url_rule("/chart", "chart", lambda: str(runs.append(1) or len(runs)))
            app.add_url_rule("/other", "other", lambda: str(runs.append(1) or len(runs)))

        rules = {"chart": {"max_age": 60}, "other": {"max_age": 60, "store": False}}
        client = make_app(before=add, STATIC_OPTIMIZER_RULES=rules).test_client()
        assert [client.get("/chart").text for _ in range(2)] == ["1", "1"]
        assert [client.get("/other").text for _ in range(2)] == ["2", "3"]

    def test_a_decorated_view_is_not_stored(self, serve: Serve) -> None:
        """A view under further decorators is stored only where its policy says so."""
        import functools

        def guarded(view: Any) -> Any:
            @functools.wraps(view)
            def guard(**kwargs: Any) -> Any:
                return view(**kwargs) if request.headers.get("X-Key") == "k" else ("no", 403)

            return guard

        def add(app: Flask) -> None:
            for name, place in {"above": 0, "below": 1}.items():
                view = cacheable_static(guarded(lambda: "x")) if place else guarded(
                    cacheable_static(lambda: "x"))  # fmt: skip
                app.add_url_rule(f"/{name}", name, view)

        client = serve(add=add).client
        for name in ("above", "below"):
            assert client.get(f"/{name}", headers={"X-Key": "k"}).text == "x"
            assert client.get(f"/{name}").status_code == 403

    def test_debug_mode_keeps_nothing(self, serve: Serve) -> None:
        stored = serve(max_age=None, config={"DEBUG": True})
        assert [stored.get().text for _ in range(2)] == ["run 1", "run 2"]

    def test_folders_are_not_stored(self, serve: Serve) -> None:
        stored = serve()
        for _ in range(2):
            assert "Cache-Status" not in stored.get("/static/app.css").headers

    @pytest.mark.parametrize(
        ("view", "words"),
        [
            (lambda: Response(iter(["a"])), "it is streamed"),
            (lambda: make_response("x", {"Set-Cookie": "a=1"}), "it sets a cookie"),
        ],
    )
    def test_a_policy_that_contradicts_the_response(
        self, serve: Serve, view: Any, words: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        stored = serve(view, store=True)
        for _ in range(2):
            response = stored.get()
            assert response.status_code == 200
            assert response.headers["Cache-Control"] == "no-store"
        [message] = [each.getMessage() for each in caplog.records]
        assert "'thing'" in message
        assert words in message
