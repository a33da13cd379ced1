"""Files of others: a rule keeps what is wrong in them out of the findings."""

from __future__ import annotations

import pytest

from flask_static_optimizer import cacheable_static
from flask_static_optimizer.config.errors import ConfigurationError

pytestmark = pytest.mark.usefixtures("settled")

RULES = {"static:vendor/*": {"audit": False}}


@pytest.fixture
def vendored(static_folder, template):
    """Put in stylesheets with a reference to nothing and with a fault, and a template with both."""
    (static_folder / "vendor").mkdir()
    (static_folder / "vendor" / "lost.css").write_text("a { b: url(gone.png) }")
    (static_folder / "vendor" / "broken.css").write_text("a { b: url(gone'.png }")
    template("<img src=/static/vendor/gone.png><link href=/static/vendor/lost.css>")


@pytest.mark.usefixtures("vendored")
@pytest.mark.parametrize("mode", ["query", False])
def test_a_rule_silences_them(make_app, audited, mode):
    config = {"STATIC_OPTIMIZER_FINGERPRINT": mode}
    found = audited(make_app(**config))
    assert found.status == 1
    assert {*found.findings} >= {"missing-reference", "broken-stylesheet", "missing-file"}
    assert '{"audit": False}' in found.findings["missing-reference"]["fix"]
    found = audited(make_app(**config, STATIC_OPTIMIZER_RULES=RULES))
    assert (found.status, found.findings) == (0, {})


@pytest.mark.usefixtures("vendored")
@pytest.mark.parametrize("mode", ["query", False])
def test_other_files_are_still_looked_at(make_app, audited, static_folder, mode):
    (static_folder / "own.css").write_text("a { b: url(gone.png) }")
    config = {"STATIC_OPTIMIZER_FINGERPRINT": mode, "STATIC_OPTIMIZER_RULES": RULES}
    found = audited(make_app(**config))
    assert (found.status, [*found.findings]) == (1, ["missing-reference"])
    assert found.findings["missing-reference"]["places"] == ["static:own.css: gone.png"]


@pytest.mark.usefixtures("vendored")
def test_the_file_is_served_as_before(make_app):
    """The field is for the audit alone."""
    plain, ruled = make_app(), make_app(STATIC_OPTIMIZER_RULES=RULES)
    fields = [
        [*app.test_client().get("/static/vendor/lost.css").headers.items()]
        for app in (plain, ruled)
    ]
    assert fields[0][:-1] == fields[1][:-1]


@pytest.mark.parametrize("value", [None, 0, "no"])
def test_another_value_is_refused(make_app, value):
    with pytest.raises(ConfigurationError, match="audit"):
        make_app(STATIC_OPTIMIZER_RULES={"static": {"audit": value}})


def test_the_decorator_takes_it():
    assert cacheable_static(audit=False)(lambda: "")
