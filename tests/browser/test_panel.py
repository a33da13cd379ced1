"""The demo's panel in a real browser, whose cache it shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from browser.panel import Panel
from demo.running import ASSETS
from flask_static_optimizer.demo.stage import staged
from flask_static_optimizer.demo.stores import file_store

if TYPE_CHECKING:
    from browser.chromium import Chromium

BADGE = "return getComputedStyle(document.querySelector('.navbar-brand'), '::after').content"
VERSION = "return document.getElementById('version').textContent"
TEXT = "return document.body.innerText"
FETCHED = "return performance.getEntriesByType('resource').map(entry => entry.name)"
ACCOUNT = "return document.querySelector('[data-action=account]').textContent"


@pytest.fixture
def panel(chromium: Chromium) -> Iterator[Panel]:
    chromium.emulate(width=1120)
    with staged(file_store) as url:
        yield Panel(chromium, url)


def test_visits_deploy_and_log_in(panel: Panel) -> None:
    """Visits, a deploy, a log-in and a log-out show in the panel."""
    panel.press("Log in")
    assert "Hello, Ada." in panel.in_frame("with", TEXT)

    panel.press("Visit again")
    without, optimized = panel.figures().values()
    # Chromium may take a picture from its memory without asking.
    assert without["requests"] in (ASSETS, ASSETS + 1)
    assert without["not_modified"] == without["requests"] - 1
    for name in ("session_reads", "session_writes", "cookies_set"):
        assert without[name] == without["requests"]
        assert optimized[name] == 1
    assert (optimized["requests"], optimized["not_modified"]) == (1, 0)
    assert panel.status == (
        f"Visited again. Without: {without['requests']:.0f} requests,"
        f" {2 * without['requests']:.0f} session operations."
        " With: 1 request, 2 session operations."
    )
    assert panel.log()[0] == [
        "3. Visited again",
        f"{without['requests']:.0f}",
        "1",
        f"{2 * without['requests']:.0f}",
        "2",
    ]

    fields = {name: sides for name, *sides in panel.fields()}
    assert fields["Cache-Control"] == ["no-cache", "max-age=31536000, immutable"]

    assert panel.in_frame("with", BADGE) == "none"
    panel.press("Deploy a change")
    assert panel.status.startswith("css/demo.css and js/version.js are now version 2 in both")
    panel.press("Visit again")
    assert panel.in_frame("with", BADGE) == panel.in_frame("without", BADGE) == '"version 2"'
    assert panel.in_frame("with", VERSION) == panel.in_frame("without", VERSION) == "2"
    without, optimized = panel.figures().values()
    assert without["not_modified"] == without["requests"] - 3
    assert (optimized["requests"], optimized["not_modified"]) == (3, 0)

    panel.press("Log out")
    assert "Welcome" in panel.in_frame("without", TEXT)
    panel.chromium.until(f"{ACCOUNT} === 'Log in'")
    assert [row[0] for row in panel.log()] == [
        "5. Logged out",
        "4. Visited version 2",
        "3. Visited again",
        "2. Logged in",
        "1. Opened",
    ]


def test_the_sums_are_those_of_the_visits(panel: Panel) -> None:
    sums = panel.figures()
    for label in ("Log in", "Visit again", "Log out"):
        panel.press(label)
        visit, so_far = panel.figures(), panel.figures("all")
        for side in sums:
            for name in sums[side]:
                sums[side][name] += visit[side][name]
                assert so_far[side][name] == pytest.approx(sums[side][name], abs=0.3)


def test_what_is_done_in_a_frame_counts(panel: Panel) -> None:
    before = panel.figures()
    panel.in_frame("with", "document.querySelector('form').submit()")
    panel.chromium.until(
        "return Number(document.querySelector("
        f"'.with[data-figure=requests] .now').textContent) > {before['with']['requests']}"
    )
    assert panel.figures()["without"] == before["without"]
    # Only one of the two is logged in.
    assert panel.chromium.run(ACCOUNT) == "Log in"
    panel.press("Log in")
    assert panel.chromium.run(ACCOUNT) == "Log out"


def test_all_by_keyboard(panel: Panel) -> None:
    from selenium.webdriver.common.keys import Keys

    driver = panel.chromium.driver
    reached = []
    for _ in range(3):
        driver.switch_to.active_element.send_keys(Keys.TAB)
        reached.append(driver.switch_to.active_element.text)
    assert reached == ["Visit again", "Deploy a change", "Log in"]
    outline = "return getComputedStyle(document.activeElement).outlineWidth"
    assert panel.chromium.run(outline) == "3px"
    driver.switch_to.active_element.send_keys(Keys.ENTER)
    panel.chromium.until("return document.getElementById('log').rows.length === 2")
    panel.settle()
    assert driver.switch_to.active_element.text == "Log out"


@pytest.mark.parametrize(
    ("scheme", "background"), [("light", "rgb(245, 246, 248)"), ("dark", "rgb(15, 18, 22)")]
)
def test_it_is_for_everybody(panel: Panel, scheme: str, background: str) -> None:
    axe = pytest.importorskip("axe_core_python.selenium").Axe()
    chromium = panel.chromium
    panel.press("Log in")
    for width in (360, 768, 1400):
        chromium.emulate(width=width, scheme=scheme)
        assert chromium.run("return document.documentElement.scrollWidth") <= width
        colour = "return getComputedStyle(document.body).backgroundColor"
        assert chromium.run(colour) == background
        chromium.run(axe.axe_script)
        found = chromium.driver.execute_async_script(
            # The apps in the frames are not what is judged.
            "axe.run({ iframes: false }).then(arguments[0])"
        )
        assert not [
            f"{width}: {finding['id']}: {node['html']}"
            for finding in found["violations"]
            for node in finding["nodes"]
        ]
        assert "color-contrast" in {finding["id"] for finding in found["passes"]}


def test_it_needs_nothing_from_elsewhere(panel: Panel) -> None:
    panel.press("Log in")
    urls = [
        *panel.chromium.run(FETCHED),
        *panel.in_frame("without", FETCHED),
        *panel.in_frame("with", FETCHED),
    ]
    assert len(urls) > 2 * ASSETS
    assert all(url.startswith("http://127.0.0.1:") for url in urls)
    # Nor was anything refused that it wanted.
    assert panel.chromium.driver.get_log("browser") == []


def test_it_says_when_the_demo_has_ended(chromium: Chromium) -> None:
    chromium.emulate(width=1120)
    with staged(file_store) as url:
        panel = Panel(chromium, url)
    chromium.until(
        "return document.getElementById('status').textContent.startsWith('The demo does not')"
    )
    assert len(panel.log()) == 1
