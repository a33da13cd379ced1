"""Faults of the configuration and of what lies beside an app."""

from __future__ import annotations

import gzip

import pytest
from flask import Flask, Response, request
from flask_talisman import Talisman

from flask_static_optimizer import cacheable_static

pytestmark = pytest.mark.usefixtures("settled")


@pytest.mark.parametrize(
    ("key", "severity", "fix"),
    [
        ("STATIC_OPTIMIZER", "error", "STATIC_OPTIMIZER_ before the name of each setting"),
        ("STATIC_OPTIMIZE_CACHE_DIR", "warning", "write STATIC_OPTIMIZER_CACHE_DIR if it is meant"),
        ("STATIC_OPTIMIZE", "note", "if it is meant for the extension, or let it stay"),
        ("STATIC_OPTIMIZATION", "note", "if it is meant for the extension, or let it stay"),
        ("STATIC_OPTIMIZE_IMAGES", "note", "if it is meant for the extension, or let it stay"),
    ],
)
def test_a_key_that_nothing_reads(make_app, audited, key, severity, fix):
    """Only what is surely the extension's is an error; another project's name may begin alike."""
    found = audited(make_app(**{key: 5}))
    assert [*found.findings] == ["unknown-key"]
    assert found.status == (severity != "note")
    assert found.findings["unknown-key"]["severity"] == severity
    assert fix in found.findings["unknown-key"]["fix"]


def test_a_manifest_that_is_not_there(make_app, audited, static_folder):
    config = {"STATIC_OPTIMIZER_MANIFESTS": ["dist/manifest.json"]}
    found = audited(make_app(**config))
    assert (found.status, [*found.findings]) == (1, ["manifest-missing"])
    (static_folder / "dist").mkdir()
    (static_folder / "dist" / "manifest.json").write_text("{")
    found = audited(make_app(**config))
    assert (found.status, [*found.findings]) == (1, ["manifest-broken"])
    (static_folder / "dist" / "manifest.json").write_text("{}")
    assert audited(make_app(**config)).findings == {}


def test_a_sibling_that_holds_something_else(make_app, audited, static_folder):
    (static_folder / "app.css.gz").write_bytes(gzip.compress(b"an older one"))
    found = audited(make_app())
    assert (found.status, [*found.findings]) == (1, ["sibling-differs"])
    (static_folder / "app.css.gz").write_bytes(
        gzip.compress((static_folder / "app.css").read_bytes())
    )
    assert audited(make_app()).findings == {}


def test_a_folder_that_can_not_be_written(make_app, audited, tmp_path, static_folder):
    (static_folder / "large.css").write_bytes(b"a { color: red }\n" * 5000)
    (tmp_path / "file").write_text("")
    found = audited(make_app(STATIC_OPTIMIZER_CACHE_DIR=str(tmp_path / "file" / "kept")))
    assert (found.status, [*found.findings]) == (1, ["cache-folder"])


def test_hooks_that_express_passes(make_app, audited):
    def plant(app: Flask) -> None:
        app.before_request(lambda: None)

    found = audited(make_app(before=plant, STATIC_OPTIMIZER_EXPRESS=True))
    assert (found.status, [*found.findings]) == (0, ["hooks-passed"])


def test_header_fields_that_express_passes_by(make_app, audited):
    """The fields that real hooks set are named where files lack them, and only there."""

    def plant(app: Flask) -> None:
        # What it sets on a file, http as well: the requests of the audit come without TLS.
        Talisman(app, force_https=False)

    found = audited(make_app(before=plant, STATIC_OPTIMIZER_EXPRESS=True))
    assert (found.status, [*found.findings]) == (0, ["hooks-passed", "fields-passed"])
    assert "Talisman._set_response_headers" in found.findings["hooks-passed"]["problem"]
    said = found.findings["fields-passed"]
    lost = said["problem"].partition(": ")[2].split(", ")
    assert {"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy"} <= {*lost}
    assert {"Cache-Control", "ETag", "Content-Type", "Content-Length"}.isdisjoint(lost)
    assert "/static/app.css" in said["places"]
    assert "fields-passed" not in audited(make_app(before=plant)).findings


def test_header_fields_that_a_middleware_around_the_lane_sets(make_app, audited):
    """Fields that hooks and a middleware outside of the lane set alike are not lost."""

    def plant(app: Flask) -> None:
        @app.after_request
        def add(response: Response) -> Response:
            response.headers["X-Content-Type-Options"] = "nosniff"
            return response

    app = make_app(before=plant, STATIC_OPTIMIZER_EXPRESS=True)
    assert audited(app).findings["fields-passed"]["problem"].endswith(": X-Content-Type-Options")

    app = make_app(before=plant, STATIC_OPTIMIZER_EXPRESS=True)
    inner = app.wsgi_app

    def around(environ, start_response):
        def start(status, headers, *more):
            sent = [pair for pair in headers if pair[0] != "X-Content-Type-Options"]
            return start_response(status, [*sent, ("X-Content-Type-Options", "nosniff")], *more)

        return inner(environ, start)

    app.wsgi_app = around
    assert [*audited(app).findings] == ["hooks-passed"]


def test_protected_files_lack_nothing(make_app, audited):
    """Files that Flask answers have all that hooks set."""

    def plant(app: Flask) -> None:
        Talisman(app, force_https=False)

    rules = {"static": {"session": "protected"}}
    app = make_app(before=plant, STATIC_OPTIMIZER_EXPRESS=True, STATIC_OPTIMIZER_RULES=rules)
    assert audited(app).findings.keys().isdisjoint({"hooks-passed", "fields-passed"})


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("/reads", "a view reads a parameter that its key leaves out"),
        ("/hooked?token=1", "a hook reads a parameter"),
        ("/key", "a key function fails"),
        ("/unless", "an unless function fails"),
        ("/hooked", None),
    ],
)
def test_the_key_of_a_route(make_app, audited, url, words):
    """What the log says of it once is a finding: nothing else shows that a response is amiss."""

    named = {"query": ["page"]}
    views = {
        "/reads": (named, lambda: request.args.get("lang", "none")),
        "/hooked": (named, lambda: "x"),
        "/key": ({"key": lambda: 7}, lambda: "x"),
        "/unless": ({"unless": lambda: 1 / 0}, lambda: "x"),
    }

    def add(app):
        path = url.partition("?")[0]
        policy, view = views[path]
        app.add_url_rule(path, "view", cacheable_static(max_age=60, **policy)(view))
        app.before_request(lambda: request.args.get("token") and None)

    found = audited(make_app(before=add), "--url", url)
    assert [*found.findings] == ([] if words is None else ["route-key"])
    assert words is None or words in found.findings["route-key"]["problem"]
