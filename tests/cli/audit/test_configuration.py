"""Faults of the configuration and of what lies beside an app."""

from __future__ import annotations

import gzip

import pytest
from flask import Flask

pytestmark = pytest.mark.usefixtures("settled")


@pytest.mark.parametrize(
    "key", ["STATIC_OPTIMISER_MAX_AGE", "STATIC_OPTIMIZER", "STATICOPTIMIZER_MAX_AGE"]
)
def test_a_key_that_nothing_reads(make_app, audited, key):
    found = audited(make_app(**{key: 5}))
    assert (found.status, [*found.findings]) == (1, ["unknown-key"])
    assert "STATIC_OPTIMIZER_ before" in found.findings["unknown-key"]["fix"]


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
