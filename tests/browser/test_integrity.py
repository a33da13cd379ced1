"""A vendored stylesheet with a hand-written integrity, in a real browser."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Chromium, Site

CSS = b"@font-face { font-family: Tiny; src: url(../fonts/tiny.woff2?v=4.7.0) }\n" + (
    b"#painted { color: rgb(4, 5, 6) }\n"
)
HASH = "sha384-" + base64.b64encode(hashlib.sha384(CSS).digest()).decode()
PAGE = f"""<!doctype html><title>ready</title>
<link rel="stylesheet" href="{{{{ url_for('static', filename='vendor/all.css') }}}}"
 integrity="{HASH}">
<p id="painted">painted</p>"""


@pytest.mark.parametrize(
    ("optimized", "rules", "colour"),
    [
        (False, {}, "rgb(4, 5, 6)"),
        (True, {"static:vendor/*": {"rewrite": False}}, "rgb(4, 5, 6)"),
        (True, {}, "rgb(0, 0, 0)"),
    ],
    ids=["plain Flask", "with the rule", "without it"],
)
def test_chromium_styles_the_page(
    site: Site, chromium: Chromium, optimized: bool, rules: dict[str, Any], colour: str
) -> None:
    """The page is styled as in plain Flask where a rule says that the file stays as it is."""
    site.optimized = optimized
    site.config["STATIC_OPTIMIZER_RULES"] = rules
    site.write("vendor/all.css", CSS)
    site.start(PAGE)
    chromium.visit(site.url)
    style = "return getComputedStyle(document.getElementById('painted')).color"
    assert chromium.run(style) == colour
