"""A delta that a real browser decodes (RFC 9842)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Chromium, Site

RULES = "".join(
    f".rule{number} {{ margin: {number}px {number * 7 % 13}px }}\n" for number in range(2500)
)


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("mode", ["query", "path"])
def test_chromium_decodes_a_delta(site: Site, chromium: Chromium, mode: str) -> None:
    """Chromium decodes a delta against the version that it has."""
    site.config.update(STATIC_OPTIMIZER_DELTA=True, STATIC_OPTIMIZER_FINGERPRINT=mode)
    site.write("css/base.css", RULES + "#painted { width: 101px }\n")
    site.start()
    chromium.visit(site.url)
    whole = stylesheet(site)
    assert "Use-As-Dictionary" in whole["headers"]

    for pixels in range(102, 132):  # until Chromium has written the dictionary to its disk
        site.write("css/base.css", RULES + f"#painted {{ width: {pixels}px }}\n")
        chromium.visit(site.url)
        delta = stylesheet(site)
        if delta["dictionary"]:
            break
        time.sleep(0.5)
    assert delta["dictionary"], delta
    assert "dcz" in delta["accepted"]
    assert delta["headers"]["Content-Encoding"] == "dcz"
    assert width(chromium) == f"{pixels}px"
    sizes = [int(found["headers"]["Content-Length"]) for found in (whole, delta)]
    print(f"\nbase.css: {len(RULES)} bytes, {sizes[0]} coded, {sizes[1]} as a delta")
    assert sizes[1] * 10 < sizes[0]


def stylesheet(site: Site) -> dict[str, Any]:
    (found,) = (entry for entry in site.assets(1) if "/css/base" in entry["path"])
    return found


def width(chromium: Chromium) -> str:
    return str(chromium.run("return getComputedStyle(document.getElementById('painted')).width"))
