"""Templates that load ES modules, with and without the import map that the app announces."""

from __future__ import annotations

import pytest

MODULE = "<script type=\"module\" src=\"{{ url_for('static', filename='app.js') }}\"></script>"
MAP = "{{ static_importmap() }}"
CODE = "import-map-missing"


def findings(make_app, audited, template, pages, **config):
    for name, text in pages.items():
        template(text, name)
    return audited(make_app(**{"STATIC_OPTIMIZER_IMPORTMAP": True, **config})).findings


@pytest.mark.parametrize(
    "pages",
    [
        {"page.html": f"<p>\n{MODULE}"},
        {"page.html": "<p>\n<script src=\"{{ 'a' if 2 > 1 }}\" type=module></script>"},
        {"page.html": '<p>\n<link href="/static/app.js" rel="modulepreload">'},
        {"page.html": f"<p>\n{MODULE}<!-- {MAP[3:-3]} -->"},
        {"page.html": f"{{% extends 'base.html' %}}\n{MODULE}", "base.html": "<p>"},
    ],
)
def test_a_template_without_the_map(make_app, audited, template, pages):
    """The finding names the template, the line of the module and what to write."""
    finding = findings(make_app, audited, template, pages)[CODE]
    (place,) = finding["places"]
    assert place.endswith("page.html:2")
    assert "{{ static_importmap() }} before the first module" in finding["fix"]


def test_one_of_the_pages_of_a_part(make_app, audited, template):
    """A part that two pages include is named with the one that lacks the map."""
    pages = {
        "part.html": MODULE,
        "good.html": MAP + "{% include 'part.html' %}",
        "bad.html": "{% include 'part.html' %}",
    }
    (place,) = findings(make_app, audited, template, pages)[CODE]["places"]
    assert "part.html:1 (in " in place
    assert place.endswith("bad.html)")


@pytest.mark.parametrize(
    "pages",
    [
        {"page.html": MAP + MODULE},
        {"page.html": f"{{% extends 'base.html' %}}{MODULE}", "base.html": MAP},
        {"page.html": f"{{% extends 'base.html' %}}{MAP}", "base.html": MODULE},
        {"page.html": "{% include 'map.html' %}" + MODULE, "map.html": MAP},
        {"page.html": "{% extends layout %}" + MODULE},
        {"page.html": f"<!-- {MODULE} -->"},
        {"page.html": '<script type="module" src="https://cdn.example/a.js"></script>'},
        {"page.html": '<script src="/static/app.js"></script>'},
    ],
)
def test_no_finding(make_app, audited, template, pages):
    """The map is there, may be there, or is not needed."""
    assert CODE not in findings(make_app, audited, template, pages)


@pytest.mark.parametrize(
    "config", [{"STATIC_OPTIMIZER_IMPORTMAP": False}, {"STATIC_OPTIMIZER_FINGERPRINT": False}]
)
def test_no_map_is_announced(make_app, audited, template, config):
    """Where the modules keep their plain URLs no map is missing."""
    assert CODE not in findings(make_app, audited, template, {"page.html": MODULE}, **config)
