"""The demo's panel, as somebody uses it in a browser."""

from __future__ import annotations

from typing import Any

from browser.chromium import Chromium


class Panel:
    """A panel that is open in a browser."""

    def __init__(self, chromium: Chromium, url: str) -> None:
        self.chromium = chromium
        chromium.driver.get(url)
        self.settle()

    def settle(self) -> None:
        """Wait until both apps are there, and whatever was done last is counted."""
        self.chromium.until(
            "return document.querySelector('.actions').ariaBusy === 'false'"
            " && document.getElementById('log').rows.length > 0"
        )

    def press(self, label: str) -> None:
        """Press a button by what stands on it."""
        self.chromium.run(
            "[...document.querySelectorAll('button')]"
            f".find(button => button.textContent === {label!r}).click()"
        )
        self.settle()

    @property
    def status(self) -> str:
        return str(self.chromium.run("return document.getElementById('status').textContent"))

    def figures(self, kind: str = "now") -> dict[str, dict[str, float]]:
        """Read the figures by side and name: of this visit or, with ``"all"``, of all."""
        shown: list[list[str]] = self.chromium.run(
            "return [...document.querySelectorAll('[data-figure]')].map(cell => ["
            " cell.dataset.side, cell.dataset.figure,"
            f" cell.querySelector('.{kind}').textContent])"
        )
        figures: dict[str, dict[str, float]] = {"without": {}, "with": {}}
        for side, figure, value in shown:
            figures[side][figure] = float(value.replace(",", ""))
        return figures

    def fields(self) -> list[list[str]]:
        """Read the header fields that stand side by side."""
        found: list[list[str]] = self.chromium.run(
            "return [...document.getElementById('fields').rows].map("
            "row => [...row.cells].map(cell => cell.textContent))"
        )
        return found

    def log(self) -> list[list[str]]:
        """Read the visits so far, the last one first."""
        found: list[list[str]] = self.chromium.run(
            "return [...document.getElementById('log').rows].map("
            "row => [...row.cells].map(cell => cell.textContent))"
        )
        return found

    def in_frame(self, side: str, script: str) -> Any:
        """Run a script in the page of one of the apps, and return what it finds."""
        driver = self.chromium.driver
        driver.switch_to.frame(f"app-{side}")
        try:
            return self.chromium.run(script)
        finally:
            driver.switch_to.default_content()
