"""Makes docs/panel.png: ``PYTHONPATH=tests python -m browser.screenshot docs/panel.png``.

Shows the panel of ``flask-static-optimizer demo --serve`` after a few visits. A second argument,
``dark``, is another colour scheme, and a third one another width.
"""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from browser.chromium import started
from browser.panel import Panel
from flask_static_optimizer.demo.stage import staged
from flask_static_optimizer.demo.stores import file_store


def main(path: str, scheme: str = "light", width: str = "1120") -> None:
    """Write the picture."""
    with (
        TemporaryDirectory() as profile,
        staged(file_store) as url,
        started(Path(profile)) as chromium,
    ):
        chromium.emulate(width=int(width), scheme=scheme)
        panel = Panel(chromium, url)
        for label in ("Log in", "Visit again", "Deploy a change", "Visit again", "Visit again"):
            panel.press(label)
        chromium.run("document.activeElement.blur()")
        height = chromium.run("return document.documentElement.scrollHeight")
        chromium.emulate(width=int(width), height=height, scheme=scheme)
        picture = chromium.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
        Path(path).write_bytes(base64.b64decode(picture["data"]))


if __name__ == "__main__":
    main(*sys.argv[1:])
