"""A page with what a real Vite has built, and with its development server, in a real browser."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conftest import free_port, wait_for_port

if TYPE_CHECKING:
    from conftest import Chromium, Site

VITE = "7.3.8"

PAGE = """<!doctype html><html><head><title>waiting</title>
<meta http-equiv="Content-Security-Policy" content="script-src 'nonce-r4nd0m' 'strict-dynamic'">
<link rel="icon" href="data:,">
{{ static_entry('src/main.js', 'src/admin.js', nonce='r4nd0m') }}
</head><body><p>said</p></body></html>"""

SOURCES = {
    "src/main.js": 'import { say } from "./shared.js"; import "./main.css"; say("main");'
    ' import("./late.js").then(({ late }) => late());',
    "src/admin.js": 'import { say } from "./shared.js"; say("admin");',
    "src/shared.js": 'import "./shared.css"; window.said = [];'
    " export function say(what) { window.said.push(what); }",
    # It is imported first, so main.css wins.
    "src/shared.css": "p { color: rgb(4, 5, 6); margin: 7px }",
    "src/main.css": "p { color: rgb(1, 2, 3) }",
    "src/late.js": 'export function late() { window.said.push("late"); document.title = "ready" }',
}

#: The last pushes come in any order.
SEEN = (
    "const style = getComputedStyle(document.querySelector('p'));"
    "return [window.said.toSorted(), style.color, style.marginTop]"
)
EXPECTED = [["admin", "late", "main"], "rgb(1, 2, 3)", "7px"]


@pytest.fixture(scope="module")
def vite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install Vite by npm, and give its program."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm (Debian: apt-get install npm)")
    folder = tmp_path_factory.mktemp("npm")
    (folder / "package.json").write_text('{"private": true}')
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--silent"]
    done = subprocess.run(
        [npm, "install", *options, f"vite@{VITE}"],
        cwd=folder, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"npm can't install Vite: {done.stderr}")
    return folder / "node_modules" / ".bin" / "vite"


@pytest.fixture
def project(site: Site, vite: Path) -> Path:
    """Make a project of Vite's whose build lies in the site's static folder."""
    folder = site.folder / "frontend"
    for name, text in SOURCES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    config = {
        "base": "/static/dist/",
        "server": {"cors": {"origin": site.url.rstrip("/")}},
        "build": {
            "manifest": True,
            "outDir": str(site.folder / "static" / "dist"),
            "emptyOutDir": True,
            "rollupOptions": {"input": ["src/main.js", "src/admin.js"]},
        },
    }
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    (folder / "vite.config.js").write_text(f"export default {json.dumps(config)}")
    return folder


def looked_at(chromium: Chromium, site: Site) -> Any:
    chromium.visit(site.url)
    chromium.until("return getComputedStyle(document.querySelector('p')).marginTop === '7px'")
    return chromium.run(SEEN)


def test_a_build(site: Site, chromium: Chromium, project: Path, vite: Path) -> None:
    """It runs under a Content-Security-Policy, and a second visit asks for nothing."""
    subprocess.run([vite, "build", "--logLevel", "error"], cwd=project, check=True, timeout=120)
    site.config["STATIC_OPTIMIZER_MANIFESTS"] = ["dist/.vite/manifest.json"]
    site.start(PAGE)
    assert looked_at(chromium, site) == EXPECTED
    first = site.assets(expected=6)
    assert {entry["status"] for entry in first} == {200}
    assert len({entry["path"] for entry in first}) == len(first) == 6
    assert all("immutable" in entry["headers"]["Cache-Control"] for entry in first)
    assert looked_at(chromium, site) == EXPECTED
    assert site.assets(expected=0) == []


@contextmanager
def serving(vite: Path, project: Path) -> Iterator[int]:
    port = free_port()
    process = subprocess.Popen(
        [vite, "--port", str(port), "--strictPort", "--host", "localhost", "--logLevel", "error"],
        cwd=project,
    )
    try:
        wait_for_port(port)
        yield port
    finally:
        process.terminate()
        process.wait(60)


def test_the_development_server(site: Site, chromium: Chromium, project: Path, vite: Path) -> None:
    """The page takes all from there, and reloads when a source is changed."""
    with serving(vite, project) as port:
        site.config["STATIC_OPTIMIZER_VITE_SERVER"] = f"http://localhost:{port}/static/dist"
        site.start(PAGE.replace("script-src", "default-src * 'unsafe-inline'; script-src"))
        assert looked_at(chromium, site) == EXPECTED
        assert site.assets(expected=0) == []
        (project / "src" / "main.css").write_text("p { color: rgb(9, 9, 9) }")
        changed = "return getComputedStyle(document.querySelector('p')).color === 'rgb(9, 9, 9)'"
        assert chromium.until(changed)
