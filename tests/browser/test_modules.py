"""ES modules in a real browser, over two deploys: as with Flask alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Chromium, Site

PAGE = """<!doctype html><html><head><title>waiting</title>
<link rel="icon" href="data:,">
{{ static_importmap() if mapped else '' }}
<script type="module" src="{{ url_for('static', filename='store.js') }}"></script>
<script type="module" src="{{ url_for('static', filename='login.js') }}"></script>
<script type="module">
import {state} from "{{ url_for('static', filename='store.js') }}";
window.inline = state.user; document.title = 'ready';
</script></head><body></body></html>"""


def deploy(site: Site, version: int) -> None:
    """Put files into place of which those of two versions can't be mixed."""
    site.write(
        "store.js",
        f"window.runs = (window.runs || 0) + 1; export const state{version} = {{}};"
        f" export {{ state{version} as state }}; window.store = {version};",
    )
    site.write(
        "login.js",
        f'import {{state{version} as state}} from "./store.js"; state.user = "ada{version}";'
        ' const {late} = await import("./late.js"); window.late = late;',
    )
    site.write(
        "late.js", f'import {{state{version}}} from "./store.js"; export const late = {version};'
    )


@pytest.mark.parametrize("mode", ["query", "path"])
@pytest.mark.parametrize("kind", ["plain Flask", "without the map", "with the map"])
def test_modules_run_once(site: Site, chromium: Chromium, kind: str, mode: str) -> None:
    """A shared module has one instance, and a page never mixes two deploys."""
    site.page = PAGE
    site.optimized = kind != "plain Flask"
    site.mapped = kind == "with the map"
    site.config["STATIC_OPTIMIZER_FINGERPRINT"] = mode
    seen: list[Any] = []
    for version in (1, 2):
        deploy(site, version)
        site.start()
        for _ in range(2):
            chromium.visit(site.url)
            chromium.until("return window.late")
            seen.append(chromium.run("return [runs, store, inline, late]"))
        site.stop()
    assert seen == [[1, 1, "ada1", 1]] * 2 + [[1, 2, "ada2", 2]] * 2
