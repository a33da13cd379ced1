"""The requests of a real browser that comes again."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from flask_static_optimizer.assets.asset import LOOK
from flask_static_optimizer.assets.urls import BELIEVED

if TYPE_CHECKING:
    from conftest import Chromium, Site

ASSETS = 28


def count(site: Site, expected: int) -> int:
    asked = site.assets(expected)
    assert all(entry["status"] in (200, 304) for entry in asked), asked
    return len(asked)


@pytest.mark.parametrize("mode", ["query", "path"])
def test_a_second_visit_asks_for_nothing(site: Site, chromium: Chromium, mode: str) -> None:
    """A second visit asks for no asset, and one after a deploy for those that changed."""
    site.config["STATIC_OPTIMIZER_FINGERPRINT"] = mode
    site.start()
    table: dict[str, int] = {}

    chromium.visit(site.url)
    first = site.assets(ASSETS)
    assert Counter(entry["status"] for entry in first) == {200: ASSETS}, [
        entry["path"] for entry in first
    ]
    table["first visit"] = len(first)
    assert chromium.run("return [...document.fonts].map(font => font.status)") == ["loaded"]

    chromium.visit(site.url)
    table["second visit"] = count(site, 0)
    chromium.reload()
    table["reload"] = count(site, 0)
    site.stop()
    site.start()
    chromium.visit(site.url)
    table["after a restart"] = count(site, 0)

    site.write_module(7, version=2)
    chromium.visit(site.url)
    table["one JS leaf changed"] = count(site, 1)
    assert chromium.run("return window.versions[7]") == 2
    assert chromium.run("return window.versions[6]") == 1

    site.write_module(0, version=3)  # of the cycle, and imported by all
    chromium.visit(site.url)
    table["a module in a cycle changed"] = count(site, 1)
    assert chromium.run("return window.versions[0]") == 3

    before = background(chromium)
    site.write("img/back.svg", site_picture("yellow"))
    time.sleep(LOOK + BELIEVED)  # the stylesheet has its new URL within a second
    chromium.visit(site.url)
    table["one CSS image changed"] = count(site, 2)
    assert background(chromium) != before

    print(f"\nrequests for assets, fingerprints in the {mode}:")
    for what, number in table.items():
        print(f"  {what:<28}{number:>3}")
    assert list(table.values()) == [ASSETS, 0, 0, 0, 1, 1, 2]


def test_control_plain_flask_is_asked_again(site: Site, chromium: Chromium) -> None:
    """Control: plain Flask is asked for each asset again."""
    site.optimized = False
    site.start()
    chromium.visit(site.url)
    assert count(site, ASSETS) == ASSETS
    chromium.visit(site.url)
    again = site.assets(ASSETS - 2)
    statuses = Counter(entry["status"] for entry in again)
    print(f"\nplain Flask, second visit: {dict(statuses)}")
    assert statuses[304] >= ASSETS - 2  # pictures of stylesheets may come from memory


def background(chromium: Chromium) -> Any:
    """Return the picture that the stylesheet paints, as it was really fetched."""
    return chromium.run(
        "return getComputedStyle(document.getElementById('painted')).backgroundImage"
    )


def site_picture(colour: str) -> str:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="11" height="10">'
        f'<rect width="100%" height="100%" fill="{colour}"/></svg>'
    )
