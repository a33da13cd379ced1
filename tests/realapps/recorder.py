"""A headless Chromium that tells of its requests, and speaks to nobody but this host."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any, ClassVar

from selenium.common.exceptions import TimeoutException, WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser.chromium import Chromium

#: The longest wait for a page, in seconds.
LONGEST = 15.0


class Recorder(Chromium):
    """A Chromium that records what a page asks for."""

    #: How long nothing may be asked for until a page counts as settled.
    quiet = 0.7

    arguments = (
        "--disable-features=PasswordLeakDetection,Translate",
        "--force-prefers-reduced-motion",
        "--hide-scrollbars",
        "--lang=en",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "--window-size=1200,900",
    )
    capabilities: ClassVar[dict[str, Any]] = {
        "goog:loggingPrefs": {"performance": "ALL", "browser": "ALL"},
        # A page that asks whether it may be left holds up whoever leaves it.
        "unhandledPromptBehavior": "accept",
    }

    def __init__(self, binary: str, driver: str, profile: Path) -> None:
        super().__init__(binary, driver, profile)
        self.driver.execute_cdp_cmd("Network.enable", {})

    def send_headers(self, headers: dict[str, str]) -> None:
        """Send header fields with every request from now on."""
        self.driver.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": headers})

    def open(self, url: str) -> list[dict[str, Any]]:
        """Come to a page from elsewhere, and return the network's events until it is settled."""
        self.driver.get("about:blank")
        self._events()
        try:
            self.driver.get(url)
        except TimeoutException:
            self.driver.execute_script("window.stop()")
        return self.settle()

    def settle(self) -> list[dict[str, Any]]:
        """Wait until nothing more is asked for, and return the network's events."""
        began = last = time.monotonic()
        found: list[dict[str, Any]] = []
        while time.monotonic() - last < self.quiet and time.monotonic() - began < LONGEST:
            time.sleep(0.1)
            events = self._events()
            found += events
            # What polls for ever, or is sent over a socket, must not count as loading.
            if any(event["method"] == "Network.requestWillBeSent" for event in events):
                last = time.monotonic()
            elif self._loading():
                last = max(last, time.monotonic() - self.quiet + 0.2)
        return found

    def wait_for(self, selector: str) -> None:
        """Wait for an element that scripts make; its absence is no error, but a difference."""
        deadline = time.monotonic() + LONGEST
        while not self.driver.find_elements(By.CSS_SELECTOR, selector):
            if time.monotonic() > deadline:
                return
            time.sleep(0.1)

    def fill(self, fields: dict[str, str]) -> None:
        """Fill a form by its fields' selectors, and send it with the last one's Enter."""
        for selector, value in fields.items():
            self.wait_for(selector)
            field = self.driver.find_element(By.CSS_SELECTOR, selector)
            field.clear()
            field.send_keys(value)
        field.send_keys(Keys.ENTER)

    def text(self) -> str:
        """Return what a reader sees."""
        return str(
            self.driver.execute_script("return document.body ? document.body.innerText : ''")
        )

    def errors(self) -> list[str]:
        """Return the console's errors since the last time."""
        return [
            entry["message"]
            for entry in self.driver.get_log("browser")
            if entry["level"] == "SEVERE"
        ]

    def cookies(self) -> list[dict[str, Any]]:
        """Return all cookies, those for other paths too."""
        found = self.driver.execute_cdp_cmd("Network.getAllCookies", {})
        return list(found["cookies"])

    def picture(self, path: Path, hidden: str) -> None:
        """Write a screenshot, without the elements of a selector."""
        # Not by a stylesheet: policies of pages may refuse one.
        self.driver.execute_script(
            "for (const one of document.getAnimations())"
            " try { one.finish() } catch { one.cancel() }"
            "if (arguments[0]) for (const one of document.querySelectorAll(arguments[0]))"
            " one.style.visibility = 'hidden';"
            "document.activeElement?.blur()",
            hidden,
        )
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
        path.write_bytes(base64.b64decode(shot["data"]))

    def _loading(self) -> bool:
        try:
            return bool(self.driver.execute_script("return document.readyState !== 'complete'"))
        except WebDriverException:
            return True

    def _events(self) -> list[dict[str, Any]]:
        messages = (json.loads(entry["message"]) for entry in self.driver.get_log("performance"))
        return [message["message"] for message in messages]
