"""Typical mistakes in configuration and code: each is told, with its place and its remedy.

Those of the command line and the environment are in ``tests/cli/test_mistakes.py``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
from flask import Blueprint, Flask, session
from flask.views import MethodView
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user

from flask_static_optimizer import ConfigurationError, StaticOptimizer, cacheable_static
from flask_static_optimizer.config import values

MakeApp = Callable[..., Flask]
PROTECTED = {"session": "protected"}


#: A configuration that is refused at start, and what the message has to have.
REFUSED = {
    "a key with a typing error": (
        {"STATIC_OPTIMIZER_MAXAGE": 60},
        ["MAXAGE=60", "did you mean STATIC_OPTIMIZER_MAX_AGE?"],
    ),
    "a text for seconds": ({"STATIC_OPTIMIZER_MAX_AGE": "1h"}, ["MAX_AGE is '1h'", "seconds"]),
    "rules as a list": (
        {"STATIC_OPTIMIZER_RULES": [("static:*", {})]},
        ["RULES is [('static:*', {})]", "a mapping of globs"],
    ),
    "a field with a typing error": (
        {"STATIC_OPTIMIZER_RULES": {"static:*": {"maxage": 3}}},
        ["RULES['static:*']", "'maxage'", "did you mean 'max_age'"],
    ),
    "a text for a policy": (
        {"STATIC_OPTIMIZER_RULES": {"static:private/*": "protected"}},
        ["RULES['static:private/*'] is 'protected'", "a mapping of policy fields"],
    ),
    "a slash before a file": (
        {"STATIC_OPTIMIZER_RULES": {"static:/private/*": PROTECTED}},
        ["RULES['static:/private/*']", "leave out the first '/'"],
    ),
    "a path of Windows": (
        {"STATIC_OPTIMIZER_RULES": {"static:private\\*": PROTECTED}},
        [r"RULES['static:private\\*']", r"'\'", "separate folders by '/'"],
    ),
    "braces": (
        {"STATIC_OPTIMIZER_RULES": {"static:*.{png,jpg}": {"max_age": 5}}},
        ["RULES['static:*.{png,jpg}']", "'{'", "a rule for each", "[{]"],
    ),
    "another spelling": (
        {"STATIC_OPTIMISER_MAX_AGE": 60},
        ["STATIC_OPTIMISER_MAX_AGE=60", "write STATIC_OPTIMIZER_MAX_AGE"],
    ),
    "an unknown session mode": (
        {"STATIC_OPTIMIZER_SESSION": "readonly"},
        ["SESSION is 'readonly'", "'isolated' or 'protected'"],
    ),
    "a negative age": ({"STATIC_OPTIMIZER_MAX_AGE": -1}, ["MAX_AGE is -1", "from 0 to"]),
    "a truth for seconds": ({"STATIC_OPTIMIZER_MAX_AGE": True}, ["MAX_AGE is True", "seconds"]),
    "a text for a truth": ({"STATIC_OPTIMIZER_EXPRESS": "true"}, ["EXPRESS is 'true'", "True or"]),
    "a path without a slash": (
        {"STATIC_OPTIMIZER_METRICS": "metrics"},
        ["METRICS is 'metrics'", "such as '/-/static-optimizer'"],
    ),
    "a mapping for parameters": (
        {"STATIC_OPTIMIZER_RULES": {"page": {"query": {"page": 1}}}},
        ["RULES['page']: query is {'page': 1}", "such as ['page', 'q']"],
    ),
    "a number for a parameter": (
        {"STATIC_OPTIMIZER_RULES": {"page": {"query": ["page", 1]}}},
        ["query is ['page', 1]", "names of parameters"],
    ),
    "a parameter without a name": (
        {"STATIC_OPTIMIZER_RULES": {"page": {"query": ["page", ""]}}},
        ["query holds ''", "name those that the response depends on"],
    ),
    "a glob for parameters": (
        {"STATIC_OPTIMIZER_RULES": {"page": {"query": ["utm_*"]}}},
        ["query holds 'utm_*'", "all others are left out"],
    ),
    "a text for a function": (
        {"STATIC_OPTIMIZER_RULES": {"page": {"unless": "current_user"}}},
        ["RULES['page']: unless is 'current_user'", "a function that takes the view's arguments"],
    ),
    "a truth for a function": (
        {"STATIC_OPTIMIZER_RULES": {"page": {"key": True}}},
        ["key is True", "a function that takes the view's arguments"],
    ),
    "two keys": (
        {"STATIC_OPTIMIZER_RULES": {"page": {"key": len, "query": "q"}}},
        ["query=('q',) contradicts key=<built-in function len>", "remove one of the two"],
    ),
    "a key for what is not stored": (
        {"STATIC_OPTIMIZER_RULES": {"page": {"query": "q", "store": False}}},
        ["query=('q',) is about stored responses", "store=False", "remove one of the two"],
    ),
    "a key for what is protected": (
        {"STATIC_OPTIMIZER_RULES": {"page": {"unless": len, "session": "protected"}}},
        ["unless=<built-in function len> is about stored", "session='protected'"],
    ),
    "a key for what is never fresh": (
        {"STATIC_OPTIMIZER_RULES": {"page": {"key": len, "max_age": 0}}},
        ["key=<built-in function len> is about stored", "max_age=0"],
    ),
    "a key for files": (
        {"STATIC_OPTIMIZER_RULES": {"static": {"query": "v"}}},
        ["RULES['static']: query is for the stored responses of views", "leave it out"],
    ),
    "an unknown field for tags": (
        {"STATIC_OPTIMIZER_TAG_HEADERS": ["Edge-Cache-Tag"]},
        ["TAG_HEADERS is ['Edge-Cache-Tag']", "['Cache-Tag', 'Surrogate-Key']"],
    ),
    "a tag with a space": (
        {
            "STATIC_OPTIMIZER_TAG_HEADERS": "Surrogate-Key",
            "STATIC_OPTIMIZER_RULES": {"static:*": {"tags": "all files"}},
        },
        ["tags of 'static' have 'all files'", "Surrogate-Key can't have", "without spaces"],
    ),
    "a tag with a comma": (
        {
            "STATIC_OPTIMIZER_TAG_HEADERS": "Cache-Tag",
            "STATIC_OPTIMIZER_RULES": {"static:*": {"tags": ["a,b"]}},
        },
        ["have 'a,b'", "Cache-Tag can't have", "spaces and commas"],
    ),
    "a tag with a line break": (
        {
            "STATIC_OPTIMIZER_TAG_HEADERS": "Cache-Tag",
            "STATIC_OPTIMIZER_RULES": {"static:*": {"tags": ["a\r\nSet-Cookie: b"]}},
        },
        ["which Cache-Tag can't have", "ASCII"],
    ),
    "a tag of other letters": (
        {
            "STATIC_OPTIMIZER_TAG_HEADERS": "Cache-Tag",
            "STATIC_OPTIMIZER_RULES": {"static:*": {"tags": ["caf\u00e9"]}},
        },
        ["which Cache-Tag can't have", "ASCII"],
    ),
    "a long tag": (
        {
            "STATIC_OPTIMIZER_TAG_HEADERS": "Cache-Tag",
            "STATIC_OPTIMIZER_RULES": {"static:*": {"tags": ["a" * 1025]}},
        },
        ["1025 characters", "more than 1024", "a shorter one"],
    ),
    "tags above the limit of a field": (
        {
            "STATIC_OPTIMIZER_TAG_HEADERS": "Cache-Tag",
            "STATIC_OPTIMIZER_RULES": {"static:*": {"tags": [f"{n:0500}" for n in range(33)]}},
        },
        ["make a Cache-Tag of 16532 bytes", "beyond 16384", "fewer or shorter"],
    ),
    "a truth for a path": ({"STATIC_OPTIMIZER_METRICS": True}, ["METRICS is True", "a path such"]),
    "a relative folder": ({"STATIC_OPTIMIZER_CACHE_DIR": "cache"}, ["is 'cache'", "absolute path"]),
    "an unknown coding": (
        {"STATIC_OPTIMIZER_ENCODINGS": ["brotli"]},
        ["ENCODINGS holds 'brotli'", "br, gzip, zstd"],
    ),
    "a coding that is not installed": (
        {"STATIC_OPTIMIZER_ENCODINGS": ["br", "gzip"]},
        ["ENCODINGS holds 'br'", "pip install"],
    ),
    "an unknown kind": (
        {"STATIC_OPTIMIZER_PRELOAD": ["css"]},
        ["PRELOAD holds 'css'", "font, image, module, script, style"],
    ),
    "a rule behind a wider one": (
        {"STATIC_OPTIMIZER_RULES": {"static": {"max_age": 5}, "static:private/*": PROTECTED}},
        ["RULES['static:private/*']", "'static' before it", "put it first"],
    ),
    "deltas without fingerprints": (
        {"STATIC_OPTIMIZER_FINGERPRINT": False, "STATIC_OPTIMIZER_DELTA": True},
        ["DELTA=True", "FINGERPRINT=False", "give 'query' or 'path'"],
    ),
    "a truth for the place of fingerprints": (
        {"STATIC_OPTIMIZER_FINGERPRINT": True},
        ["FINGERPRINT is True", "'query', 'path' or False"],
    ),
    "TOML, a typing error in a rule": (
        {"STATIC_OPTIMIZER_RULES": {"static:private/*": {"session": "protcted"}}},
        ["RULES['static:private/*']: session is 'protcted'", "'protected'"],
    ),
    "TOML, an array of tables": (
        {"STATIC_OPTIMIZER_RULES": [{"match": "static:private/*", "session": "protected"}]},
        ["RULES is [{'match'", "a mapping of globs"],
    ),
    "TOML, a table of all settings": (
        {"STATIC_OPTIMIZER": {"max_age": 5}},
        ["STATIC_OPTIMIZER={'max_age': 5} is a table", "write STATIC_OPTIMIZER_MAX_AGE"],
    ),
}


@pytest.mark.parametrize("title", REFUSED)
def test_a_configuration_is_refused_at_start(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, title: str
) -> None:
    config, words = REFUSED[title]
    if "not installed" in title:
        monkeypatch.setattr(values, "available", lambda: frozenset({"gzip"}))
    with pytest.raises(ConfigurationError) as caught:
        make_app(**config)
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


#: A configuration that is told of in the log, at the first request, and the words.
LOGGED = {
    "a rule for a URL": (
        {"STATIC_OPTIMIZER_RULES": {"/static/private/*": PROTECTED}},
        [
            "RULES['/static/private/*'] matches no endpoint",
            "flask routes",
            "did you mean 'static:private/*'?",
        ],
    ),
    "an endpoint that is not there": (
        {"STATIC_OPTIMIZER_RULES": {"statics:*": PROTECTED}},
        ["RULES['statics:*'] matches no endpoint", "flask routes", "did you mean 'static:*'?"],
    ),
    "a folder that is not there": (
        {"STATIC_OPTIMIZER_RULES": {"static:privat/*": PROTECTED}},
        ["RULES['static:privat/*'] matches no file of 'static'", "Did you mean 'private'?"],
    ),
    "a manifest that is not there": (
        {"STATIC_OPTIMIZER_MANIFESTS": ["dist/manifest.json"]},
        ["'dist/manifest.json' of STATIC_OPTIMIZER_MANIFESTS is in no", "Build it, or correct"],
    ),
    "a cache folder that can't be written": (
        {"STATIC_OPTIMIZER_CACHE_DIR": __file__},
        ["can't be kept", "test_mistakes.py", "STATIC_OPTIMIZER_CACHE_DIR"],
    ),
}


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("title", LOGGED)
def test_a_configuration_is_told_of_in_the_log(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture, title: str
) -> None:
    config, words = LOGGED[title]
    client = make_app(**config).test_client()
    for _ in range(2):
        client.get("/static/app.css", headers={"Accept-Encoding": "gzip"})
    (record,) = caplog.records
    for word in words:
        assert word in record.getMessage()


def view() -> str:
    return "x"


def twice(app: Flask) -> None:
    StaticOptimizer(app)
    StaticOptimizer(app)


def set_after(app: Flask) -> None:
    StaticOptimizer(app)
    app.config["STATIC_OPTIMIZER_MAX_AGE"] = 5
    app.config["PROPAGATE_EXCEPTIONS"] = True
    app.test_client().get("/static/app.css")


def post_only(app: Flask) -> None:
    app.post("/x")(cacheable_static(max_age=60)(view))
    StaticOptimizer(app)


def purged(app: Flask, **which: str) -> None:
    optimizer = StaticOptimizer(app)
    with app.app_context():
        optimizer.purge(**which)


def purged_with_some(app: Flask, **which: str) -> None:
    app.get("/x", endpoint="chart")(cacheable_static(max_age=60, tags=["charts"])(view))
    purged(app, **which)


#: Code that raises an error, and its words.
RAISING: dict[str, tuple[Callable[[Flask], Any], list[str]]] = {
    "installed twice": (twice, ["installed in 'app' already", "call it or init_app once"]),
    "installed in a blueprint": (
        lambda _: StaticOptimizer(Blueprint("a", __name__)),  # type: ignore[arg-type]
        ["takes a Flask app, not <Blueprint 'a'>", "blueprints are covered"],
    ),
    "installed in a name": (
        lambda _: StaticOptimizer("app"),  # type: ignore[arg-type]
        ["takes a Flask app, not 'app'"],
    ),
    "a setting that comes late": (set_after, ["MAX_AGE was set after", "before StaticOptimizer"]),
    "an age without its name": (
        lambda _: cacheable_static(60)(view),  # type: ignore[call-overload]
        ["@cacheable_static on 60", "arguments by name"],
    ),
    "an unknown argument": (
        lambda _: cacheable_static(timeout=60)(view),  # type: ignore[call-overload]
        ["unknown field 'timeout'", "max_age"],
    ),
    "on a view of POST": (post_only, ["on 'view'", "does not answer GET", "add GET"]),
    "on a class": (
        lambda _: cacheable_static(type("V", (MethodView,), {})),  # type: ignore[type-var]
        ["@cacheable_static on <class", "'decorators' list"],
    ),
    "an age of what is protected": (
        lambda _: cacheable_static(max_age=60, session="protected")(view),
        ["max_age=60 contradicts session='protected'", "remove one"],
    ),
    "no tags at all": (
        lambda app: purged(app, tag="nope"),
        ["tag='nope'", "no stored view of this app has tags", "tags=[...]"],
    ),
    "no such tag": (lambda app: purged_with_some(app, tag="chart"), ["did you mean 'charts'?"]),
    "no stored views at all": (
        lambda app: purged(app, endpoint="nope"),
        ["endpoint='nope'", "no view of this app is stored"],
    ),
    "no such endpoint": (lambda app: purged_with_some(app, endpoint="charts"), ["'chart'"]),
    "no context": (lambda app: StaticOptimizer(app).purge(), ["application context"]),
    "a tag without its name": (
        lambda app: StaticOptimizer(app).purge("chart"),  # type: ignore[call-arg]
        ["positional"],
    ),
}


@pytest.mark.parametrize("title", RAISING)
def test_code_raises_what_tells(make_app: MakeApp, title: str) -> None:
    run, words = RAISING[title]
    app = make_app(optimize=False)
    with pytest.raises((ValueError, RuntimeError, TypeError)) as caught:
        run(app)
    for word in words:
        assert word in str(caught.value)


def reads(app: Flask) -> None:
    @app.get("/x")
    @cacheable_static(max_age=60)
    def x() -> str:
        return f"hi {session.get('user', 'nobody')}"


def writes(app: Flask) -> None:
    @app.get("/x")
    @cacheable_static(max_age=60)
    def x() -> str:
        session["n"] = session.get("n", 0) + 1
        return str(session["n"])


def with_login(app: Flask) -> None:
    manager = LoginManager(app)

    class User(UserMixin):
        id = "ada"

    manager.user_loader(lambda _: User())
    app.get("/in")(lambda: str(login_user(User())))


def greets(app: Flask) -> None:
    with_login(app)

    @app.get("/x")
    @cacheable_static(max_age=60)
    def x() -> str:
        return f"hi {getattr(current_user, 'id', 'nobody')}"


def guarded_within(app: Flask) -> None:
    with_login(app)
    app.get("/x", endpoint="x")(cacheable_static(max_age=60)(login_required(view)))


def guarded_around(app: Flask, **policy: Any) -> None:
    with_login(app)
    app.get("/x", endpoint="x")(login_required(cacheable_static(max_age=60, **policy)(view)))


RULE = 'STATIC_OPTIMIZER_RULES = {"x": {"session": "protected"}}'

#: Views that are told of in the log when somebody asks for them, and the words.
VIEWS: dict[str, tuple[Callable[[Flask], Any], list[str]]] = {
    "reads the session": (reads, ["the view of 'x' read the session", RULE]),
    "reads the session, in debug": (reads, ["the view of 'x' read the session", RULE]),
    "writes the session": (writes, ["the view of 'x' read the session", RULE]),
    "greets a user": (greets, ["the view of 'x' read the session and request.cookies", RULE]),
    "a guard within": (guarded_within, ["answered 401", "for /x, which is static ('x')", RULE]),
    "a guard around": (guarded_around, ["answered 401", "for /x, which is static ('x')", RULE]),
    "a guard around what is stored": (
        lambda app: guarded_around(app, store=True),
        ["answered 401", "for /x, which is static ('x')", RULE],
    ),
}


@pytest.mark.parametrize("title", VIEWS)
def test_a_view_is_told_of_in_the_log(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture, title: str
) -> None:
    declare, words = VIEWS[title]
    app = make_app(after=declare)
    app.debug = "debug" in title
    client = app.test_client()
    client.get("/in")
    answers = {client.get("/x").status_code for _ in range(2)}
    assert answers == ({401} if "guard" in title else {200})
    (record,) = caplog.records
    for word in words:
        assert word in record.getMessage()


@pytest.mark.parametrize("order", ["above", "below"])
def test_the_order_of_decorators_does_not_matter(make_app: MakeApp, order: str) -> None:
    app = make_app()
    if order == "above":
        cacheable_static(max_age=60)(app.get("/x")(view))
    else:
        app.get("/x")(cacheable_static(max_age=60)(view))
    assert app.test_client().get("/x").headers["Cache-Control"] == "max-age=60"


def test_a_decorator_does_nothing_without_the_extension(make_app: MakeApp) -> None:
    app = make_app(optimize=False)
    app.get("/x")(cacheable_static(max_age=60)(view))
    assert "Cache-Control" not in app.test_client().get("/x").headers


def test_a_star_means_what_is_static_anyhow(make_app: MakeApp) -> None:
    client = make_app(STATIC_OPTIMIZER_RULES={"*": {"max_age": 60}}).test_client()
    assert client.get("/static/app.css").headers["Cache-Control"] == "max-age=60"
    assert "Cache-Control" not in client.get("/").headers


def test_files_need_no_secret_key(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    app = make_app(SECRET_KEY=None)
    app.get("/x")(cacheable_static(max_age=60)(view))
    client = app.test_client()
    for path in ("/static/app.css", "/x", "/x"):
        assert client.get(path).status_code == 200
    assert not caplog.records


@pytest.mark.parametrize(
    ("key", "right"),
    [
        ("STATIC_OPTIMISER_MAX_AGE", "STATIC_OPTIMIZER_MAX_AGE"),
        ("STATIC_OPTIMISER_STORE_SIZE", "STATIC_OPTIMIZER_STORE_SIZE"),
        ("STATIC_OPTIMISER_UNVERSIONED_MAXAGE", "STATIC_OPTIMIZER_UNVERSIONED_MAX_AGE"),
        ("STATICOPTIMISER_MAX_AGE", "STATIC_OPTIMIZER_MAX_AGE"),
        ("STATIC_OPITMIZER_MAX_AGE", "STATIC_OPTIMIZER_MAX_AGE"),
        ("STATICS_OPTIMIZER_MAX_AGE", "STATIC_OPTIMIZER_MAX_AGE"),
        ("STATUC_OPTIMIZER_MAX_AGE", "STATIC_OPTIMIZER_MAX_AGE"),
        ("STATICOPTIMIZER_RULES", "STATIC_OPTIMIZER_RULES"),
        ("STATIC_OPTIMIZERRULES", "STATIC_OPTIMIZER_RULES"),
        ("STATIC_OPTIMZER_RULES", "STATIC_OPTIMIZER_RULES"),
        ("STAITC_OPTIMIZER_RULES", "STATIC_OPTIMIZER_RULES"),
        ("STATIC-OPTIMIZER-RULES", "STATIC_OPTIMIZER_RULES"),
        ("static_optimizer_rules", "STATIC_OPTIMIZER_RULES"),
        ("FLASK_STATIC_OPTIMIZER_RULES", "STATIC_OPTIMIZER_RULES"),
    ],
)
def test_a_misspelt_key_is_told_the_right_one(make_app: MakeApp, key: str, right: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make_app(**{key: 5})
    assert f"{key}=5 is read by nothing" in str(caught.value)
    assert f"write {right}," in str(caught.value)


#: Keys of something else, and whether the log asks if they are meant for the extension.
OTHERS = {
    "STATIC_FOLDER": False,
    "STATICFILES": False,
    "STATIC_MAX_AGE": False,
    "STATIC_OPTIMIZE": False,
    "STATIC_OPTIMIZED": False,
    "STATIC_OPTIMIZERS": False,
    "STATIC_OPTIMIZER2": False,
    "STATIC_OPTIMIZATION": False,
    "STATIC_OPTIMIZE_IMAGES": False,
    "STATIC_OPTIMIZE_CACHE_DIR": True,
    "STATIC_OPTIMISER_SPEED": False,
    "STATIC_OPTIMIZER": True,
    "ATTIC_OPTIMIZER": False,
    "ATTIC_OPTIMIZER_MAX_AGE": False,
    "STATS_OPTIMIZER_ENABLED": False,
    "MY_STATIC_OPTIMIZER": False,
    "MY_STATIC_OPTIMIZER_MAX_AGE": False,
    "SQL_OPTIMIZER_RULES": False,
}
LIKE_OURS = [
    "STATIC_OPTIMISER_MAX_AGE",
    "FLASK_STATIC_OPTIMIZER_MAX_AGE",
]


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("late", [False, True])
def test_other_keys_are_left_alone(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture, late: bool
) -> None:
    """The app runs with them; one line of the log names those that may be a mistake.

    Set too late, no key is more than that.
    """
    given = {**OTHERS, **dict.fromkeys(LIKE_OURS if late else (), True)}
    values: dict[str, Any] = dict.fromkeys(given, 5)
    app = make_app(after=lambda app: app.config.update(values)) if late else make_app(**values)
    client = app.test_client()
    for path in ("/", "/static/app.css"):
        assert client.get(path).status_code == 200
    (said,) = caplog.messages
    words = said.replace("?),", "").replace(",", "").split()
    assert [key for key in given if key in words] == [key for key in given if given[key]]
    assert "STATIC_OPTIMIZE_CACHE_DIR (did you mean STATIC_OPTIMIZER_CACHE_DIR?)" in said
    assert "STATIC_OPTIMISER_MAX_AGE (did you mean" in said or not late


def test_a_table_that_comes_late(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    app = make_app()
    app.config["STATIC_OPTIMIZER"] = {"max_age": 5}
    assert app.test_client().get("/").status_code == 200
    assert "it does not read STATIC_OPTIMIZER in" in caplog.text


def test_a_setting_beside_the_variable_that_it_was_read_from(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    """An app may have read the whole environment, and what begins with FLASK_ of it."""
    name = "STATIC_OPTIMIZER_UNVERSIONED_MAX_AGE"
    client = make_app(**{f"FLASK_{name}": "60", name: 60}).test_client()
    assert client.get("/static/app.css").headers["Cache-Control"] == "max-age=60"
    assert not caplog.records


@pytest.mark.parametrize("field", [{"query": "q"}, {"key": lambda: ""}])
def test_a_key_for_a_view_with_other_decorators(make_app: MakeApp, field: dict[str, Any]) -> None:
    """Nothing is stored of such a view, unless its policy says so."""

    def logged(view: Callable[..., Any]) -> Callable[..., Any]:
        return functools.wraps(view)(lambda: view())

    def add(app: Flask, **policy: Any) -> None:
        app.get("/x")(cacheable_static(**field, **policy)(logged(lambda: "x")))

    with pytest.raises(ConfigurationError, match="give store=True, else leave"):
        make_app(before=add)
    assert make_app(before=lambda app: add(app, store=True))
