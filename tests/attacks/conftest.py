"""The folder of the site that is attacked."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from conftest import CSS
from flask_static_optimizer.assets.files import SETTLED

Make = Callable[..., Path]


@pytest.fixture(scope="session")
def make_site(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Make the site's folder, once for each stylesheet, and wait until its files have settled."""

    @cache
    def make(css: bytes = CSS) -> Path:
        root = tmp_path_factory.mktemp("site")
        for name, data in {
            "app.css": css,
            "app.js": b"answer = 42\n" * 40,
            "page.css": b"a { background: url(sub/img.png) }\nb { src: url(/static/app.js) }\n" * 9,
            "sub/img.png": b"\x89PNG\r\n\x1a\n" + b"pixels" * 100,
            "private/report.pdf": b"%PDF- SECRET-OF-all who may log in\n",
            ".env": b"SECRET-OF-the server",
            ".git/config": b"SECRET-OF-the server",
            "../site.py": b"SECRET-OF-the server",
        }.items():
            path = root / "static" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        (root / "static" / "out.css").symlink_to("/etc/passwd")
        time.sleep(SETTLED + 0.1)
        return root

    return make


def fingerprint(data: bytes) -> str:
    """Return the fingerprint of some bytes."""
    return hashlib.sha256(data).hexdigest()[:16]
