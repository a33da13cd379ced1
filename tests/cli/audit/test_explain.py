"""'flask static explain'."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask, Response, redirect, request, session
from werkzeug.middleware.proxy_fix import ProxyFix

from flask_static_optimizer import cacheable_static

pytestmark = pytest.mark.usefixtures("settled")


def explained(app: Flask, *arguments: str) -> str:
    """Return the output as if the terminal had no end."""
    result = app.test_cli_runner().invoke(args=["static", "explain", *arguments])
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def views(app: Flask) -> None:
    @app.get("/chart")
    @cacheable_static(max_age=60, vary="Accept-Language")
    def chart() -> str:
        return "chart"

    @app.get("/own")
    @cacheable_static
    def own() -> Any:
        response = Response("own")
        response.cache_control.max_age = 5
        response.set_cookie("a", "b")
        return response

    @app.get("/fails")
    @cacheable_static
    def fails() -> str:
        raise LookupError("of the view")

    @app.before_request
    def write() -> None:
        if "Writer" in __import__("flask").request.headers:
            session["x"] = 1


def test_a_file_at_the_root(make_app: Any) -> None:
    app = make_app(
        STATIC_OPTIMIZER_ROOT_FILES=["app.css"],
        STATIC_OPTIMIZER_HEADERS={"Timing-Allow-Origin": "*"},
    )
    said = explained(app, "/app.css")
    for words in ("ROOT_FILES", "by the lane, with the same answer", "default of one hour"):
        assert words in said
    assert "STATIC_OPTIMIZER_HEADERS, or headers of the rule" in said


def version(app: Flask) -> str:
    with app.test_request_context():
        return app.url_for("static", filename="app.css")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["/static/app.css"], ["static", "isolated", "default of one hour", "SHA-256"]),
        (["<fingerprinted>"], ["immutable", "these very bytes", "MAX_AGE"]),
        (["/static/app.css?v=0000000000000000"], ["no-cache", "another version"]),
        (["<fingerprinted>?v=1.2.3"], ["immutable", "these very bytes"]),
        (["<fingerprinted>.1"], ["max-age=3600", "can't be read"]),
        (["/static/app.css?v=1.2.3"], ["default of one hour"]),
        (["/static/app.css", "-H", "Accept-Encoding: gzip"], ["gzip", "best compression"]),
        (["/static/app.css"], ["the client does not take"]),
        (["/static/private/report.pdf"], ["protected", "static:private/*", "nobody looked"]),
        (["/static/missing.css"], ["404", "nobody keeps a 404", "no such file"]),
        (["/static/app.css", "-H", "Authorization: x"], ["private", "Authorization"]),
        (["/static/app.css", "-H", "Range: bytes=0-1"], ["206", "a part"]),
        (["/static/app.css", "-H", "If-None-Match: *"], ["304", "the client has these bytes"]),
        (["/static/app.js"], ["max_age of the rule"]),
        (["/static//app.css"], ["308", "nobody keeps it"]),
        (["https://example.org/static/app.css"], ["isolated"]),
        (["/chart"], ["a view of the app", "max_age of the rule or the decorator", "the policy"]),
        (["/chart", "-H", "Writer: 1"], ["private", "was written to (x)"]),
        (["/own"], ["the view's own word", "dropped", "no cookie leaves: a"]),
        (["/fails"], ["LookupError", "in place of an answer"]),
        (["/"], ["ordinary request"]),
        (["/nowhere"], ["no URL rule matches", "ordinary request"]),
        (["/static/alone.txt"], ["a rule says False"]),
    ],
)
def test_the_reasons(make_app: Any, arguments: list[str], words: list[str]) -> None:
    app = make_app(
        before=views,
        STATIC_OPTIMIZER_RULES={
            "static:private/*": {"session": "protected"},
            "static:alone.*": False,
            "static:*.js": {"max_age": 5},
        },
    )
    arguments = [item.replace("<fingerprinted>", version(app)) for item in arguments]
    output = explained(app, *arguments)
    for word in words:
        assert word in output


def guard(app: Flask) -> None:
    @app.before_request
    def refuse() -> Any:
        return ("log in", 401) if request.path.startswith("/static/private/") else None


def rival(app: Flask) -> None:
    app.add_url_rule("/static/<name>.txt", "text", lambda name: name)


def middleware(app: Flask) -> None:
    app.wsgi_app = ProxyFix(app.wsgi_app)


def hiding(app: Flask) -> None:
    inner = app.wsgi_app
    app.wsgi_app = lambda *given: inner(*given)  # type: ignore[method-assign]


class Adding:
    """A middleware that adds a header field."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(self, environ: Any, start_response: Any) -> Any:
        def start(status: str, headers: Any, *more: Any) -> Any:
            return start_response(status, [*headers, ("X-Frame-Options", "DENY")], *more)

        return self.app(environ, start)


def adding(app: Flask) -> None:
    app.wsgi_app = Adding(app.wsgi_app)  # type: ignore[method-assign]


class Kept:
    """A middleware that keeps the app, and calls it by a function that it has made before."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.call = lambda *given: app(*given)

    def __call__(self, *given: Any) -> Any:
        return self.call(*given)


def keeping(app: Flask) -> None:
    app.wsgi_app = Kept(app.wsgi_app)  # type: ignore[method-assign]


def trusting(app: Flask) -> None:
    app.config["TRUSTED_HOSTS"] = ["localhost"]


@pytest.mark.parametrize(
    ("config", "before", "path", "said"),
    [
        ({}, None, "/static/app.css", "before Flask by the lane, with the same answer"),
        (
            {},
            guard,
            "/static/app.css",
            "with the app's hooks and not before Flask, because of"
            " tests.cli.audit.test_explain.guard.<locals>.refuse. If it guards no files,"
            " STATIC_OPTIMIZER_EXPRESS = True lets files pass it by",
        ),
        ({"EXPRESS": True}, guard, "/static/app.css", "before Flask by the lane, with the same"),
        (
            {"EXPRESS": True},
            guard,
            "/static/private/report.pdf",
            "before Flask with 200 and 'max-age=3600' past the app's hooks",
        ),
        (
            {"EXPRESS": True, "RULES": {"static:private/*": {"session": "protected"}}},
            guard,
            "/static/private/report.pdf",
            "with the app's hooks and not before Flask, as it is not a file for everybody",
        ),
        (
            {"RULES": {"static": {"session": "protected"}}},
            None,
            "/static/app.css",
            "with the app's hooks and not before Flask, because of its policy, which is protected",
        ),
        (
            {},
            rival,
            "/static/app.css",
            "with the app's hooks and not before Flask, because of the URL rule /static/<name>.txt",
        ),
        ({}, middleware, "/static/app.css", "before Flask by the lane, with the same answer"),
        ({}, adding, "/static/app.css", "before Flask by the lane, with the same answer"),
        (
            {},
            hiding,
            "/static/app.css",
            f"by Flask because of the middleware {__name__}.hiding.<locals>.<lambda>, which was"
            " there before the extension and does not show where it calls the app. Put it around"
            " app.wsgi_app after the extension",
        ),
        *(
            (
                {"EXPRESS": express},
                keeping,
                "/static/app.css",
                f"by Flask because of the middleware {__name__}.Kept, which was there before the"
                " extension and calls the app otherwise than it shows, or one inside of it does."
                " Put it around app.wsgi_app after the extension",
            )
            for express in (False, True)
        ),
        (
            {},
            trusting,
            "/static/app.css",
            "with the app's hooks and not before Flask, because of TRUSTED_HOSTS, SERVER_NAME or"
            " subdomains",
        ),
    ],
)
def test_who_answers(
    make_app: Any, config: dict[str, Any], before: Any, path: str, said: str
) -> None:
    settings = {f"STATIC_OPTIMIZER_{name}": value for name, value in config.items()}
    output = " ".join(explained(make_app(before=before, **settings), path).split())
    assert f"Answered {said}" in output
    assert ("EXPRESS = True" in output) == ("EXPRESS = True" in said)


def test_an_app_that_asks_itself_when_it_is_made(make_app: Any) -> None:
    """Its first request comes by no server, and so by no middleware."""

    def add(app: Flask) -> None:
        middleware(app)
        app.before_request(lambda: None)

    app = make_app(before=add)
    with app.test_request_context("/"):
        app.preprocess_request()
    output = " ".join(explained(app, "/static/app.css").split())
    assert "Answered with the app's hooks and not before Flask" in output


@pytest.mark.parametrize("express", [False, True])
def test_a_middleware_answers(make_app: Any, express: bool) -> None:
    """A guard around the app refuses; nothing can be said of what the app would answer."""

    def add(app: Flask) -> None:
        app.wsgi_app = lambda environ, start: Response("who?", 401)(environ, start)

    output = explained(make_app(before=add, STATIC_OPTIMIZER_EXPRESS=express), "/static/app.css")
    assert "Status 401 a middleware around the app answered" in " ".join(output.split())
    assert "no such file" not in output


def test_fields_that_are_passed_by(make_app: Any) -> None:
    """Header fields that hooks set and the lane does not are named."""

    def add(app: Flask) -> None:
        @app.after_request
        def secure(response: Any) -> Any:
            response.headers["X-Content-Type-Options"] = "nosniff"
            return response

    output = explained(make_app(before=add, STATIC_OPTIMIZER_EXPRESS=True), "/static/app.css")
    said = "so without the header fields that they set: X-Content-Type-Options"
    assert said in " ".join(output.split())


def test_a_views_own_redirect(make_app: Any) -> None:
    def add(app: Flask) -> None:
        @app.get("/latest")
        @cacheable_static
        def latest() -> Any:
            return redirect("/chart")

    app = make_app(before=add)
    assert "the static view's own answer" in " ".join(explained(app, "/latest").split())


@pytest.mark.parametrize("header", ["nonsense", ": x", "A: b\nc"])
def test_a_header_that_is_none(make_app: Any, header: str) -> None:
    result = make_app().test_cli_runner().invoke(args=["static", "explain", "/", "-H", header])
    assert result.exit_code == 2


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("static/app.css", "/static/app.css"),
        ("app.css", "/static/app.css"),
        ("private/report.pdf", "/static/private/report.pdf"),
        ("./static/private/report.pdf", "/static/private/report.pdf"),
        ("<folder>/app.css", "/static/app.css"),
        ("/static/app.css?v=1", "/static/app.css?v=1"),
        ("http://localhost/static/app.css", "http://localhost/static/app.css"),
        ("page", "/page"),
        ("nowhere.css", "/nowhere.css"),
    ],
)
@pytest.mark.parametrize("catches_all", [False, True])
def test_a_file_may_be_named(
    make_app: Any, monkeypatch: Any, static_folder: Any, given: str, url: str, catches_all: bool
) -> None:
    def declare(app: Flask) -> None:
        if catches_all:
            app.get("/<path:page>", endpoint="pages")(lambda page: page)

    if catches_all and given.startswith("<folder>"):
        url = f"{static_folder.as_posix()}/app.css"  # it is a path of the app, too
    monkeypatch.chdir(static_folder.parent)
    app = make_app(before=declare)
    given = given.replace("<folder>", str(static_folder))
    told = json.loads(explained(app, given, "--json"))
    assert told["url"] == url
    values = {reason["what"]: reason["value"] for reason in told["reasons"]}
    expected = (
        "static"
        if url.removeprefix("http://localhost").startswith("/static/")
        else "pages"
        if catches_all
        else "none"
    )
    assert values["Endpoint"] == expected
    if expected == "static":
        assert values["Status"] == "200"


def test_the_url_of_a_file_is_told(make_app: Any) -> None:
    told = "URL /static/app.css the URL of the file 'app.css' of 'static'"
    assert explained(make_app(), "app.css").startswith(told)


def test_what_is_compressed_is_not_made_yet(
    make_app: Any, static_folder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not said that nothing makes a file smaller while that is not known."""
    app = make_app()
    variants = app.extensions["static_optimizer"].variants
    asset = app.extensions["static_optimizer"].catalogue.find(
        app.extensions["static_optimizer"].endpoints.mounts()[0], "app.css"
    )
    with variants._alone(asset.sha256):
        said = explained(app, "/static/app.css")
    assert "being made for another request" in said
    assert "the client does not take" in explained(app, "/static/app.css")
    monkeypatch.setattr("flask_static_optimizer.assets.files.SETTLED", 1e9)
    (static_folder / "app.css").write_bytes(b"a { b: c }\n" * 99)
    said = explained(make_app(), "/static/app.css")
    assert "has changed just now" in said
    assert "none makes it smaller" not in said
    (static_folder / "app.png").write_bytes(b"x" * 999)
    assert "none makes it smaller" in explained(make_app(), "/static/app.png")


def keyed(app: Flask) -> None:
    named = cacheable_static(max_age=60, query=["page", "q"], tags=["a", "b"])
    app.get("/named", endpoint="named")(named(lambda: request.args.get("lang", "none")))
    app.get("/all", endpoint="all")(cacheable_static(max_age=60, query=[])(lambda: "x"))
    key = cacheable_static(max_age=60, key=lambda: 7, unless=lambda: "now" in request.args)
    app.get("/made", endpoint="made")(key(lambda: "x"))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("/named?x=1", ["page, q", "the view sees no other parameters", "for a CDN to purge by"]),
        ("/all", ["no parameter"]),
        ("/made", ["a function", "it does not say so", "and not before Flask, as a function"]),
        ("/made?now=1", ["not cached", "it says so for this request", "as if it were not cached"]),
    ],
)
def test_the_key_of_a_route(make_app: Any, url: str, words: list[str]) -> None:
    app = make_app(before=keyed, STATIC_OPTIMIZER_TAG_HEADERS=["Cache-Tag"])
    said = " ".join(explained(app, url).split())
    for word in words:
        assert word in said
