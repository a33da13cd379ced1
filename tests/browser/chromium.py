"""A real Chromium."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, TypeVar


class Chromium:
    """A headless Chromium with a profile of its own."""

    #: What a subclass adds to the command line, and to what the driver is told.
    arguments: ClassVar[tuple[str, ...]] = ()
    capabilities: ClassVar[dict[str, Any]] = {}

    def __init__(self, binary: str, driver: str, profile: Path) -> None:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = binary
        for argument in (
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-default-apps",
            "--disable-sync",
            "--no-first-run",
            "--no-proxy-server",
            f"--user-data-dir={profile}",
            *self.arguments,
        ):
            options.add_argument(argument)
        for name, value in self.capabilities.items():
            options.set_capability(name, value)
        self.driver = webdriver.Chrome(options=options, service=Service(driver))
        self.driver.set_page_load_timeout(60)

    def visit(self, url: str) -> None:
        """Come to a page from elsewhere."""
        self.driver.get("about:blank")
        self.driver.get(url)
        self.wait()

    def reload(self) -> None:
        self.driver.refresh()
        self.wait()

    def wait(self) -> None:
        """Wait until all modules have run and all pictures are there."""
        self.until(
            "return document.title === 'ready' && document.readyState === 'complete'"
            " && [...document.images].every(image => image.complete)"
            " && document.fonts.status === 'loaded'"
        )

    def until(self, script: str) -> Any:
        """Wait until a script returns something that is true; gives that."""
        deadline = time.monotonic() + 60
        while not (found := self.run(script)):
            if time.monotonic() > deadline:
                raise TimeoutError(self.run("return document.documentElement.outerHTML"))
            time.sleep(0.05)
        return found

    def run(self, script: str) -> Any:
        return self.driver.execute_script(script)

    def emulate(self, *, width: int, height: int = 900, scheme: str = "light") -> None:
        """Be a screen of a size, in CSS pixels, and of somebody who wants a colour scheme."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        scheme_wanted = {"name": "prefers-color-scheme", "value": scheme}
        still = {"name": "prefers-reduced-motion", "value": "reduce"}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [scheme_wanted, still]}
        )


Kind = TypeVar("Kind", bound=Chromium)


@contextmanager
def started(profile: Path, kind: type[Kind] = Chromium) -> Iterator[Kind]:  # type: ignore[assignment]
    """Start a Chromium, and end it in the end.

    :param profile: a folder for its cache, cookies and all else.
    :raises FileNotFoundError: if it is not installed.
    """
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (binary and driver):
        raise FileNotFoundError("no Chromium (Debian: apt-get install chromium chromium-driver)")
    found = kind(binary, driver, profile)
    try:
        yield found
    finally:
        found.driver.quit()
