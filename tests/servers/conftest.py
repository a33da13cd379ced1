"""A site with small, large and coded files, behind each real server in turn."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from flask_static_optimizer.assets.asset import SMALL
from servers.host import BIG, Host, Site
from wsgi_servers import KINDS, running


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    folder = tmp_path_factory.mktemp("hosted")
    static = folder / "static"
    static.mkdir()
    rules = "".join(f".a{number} {{ color: #{number:06x} }}\n" for number in range(2000))
    (static / "app.css").write_text(rules)
    (static / "photo.bin").write_bytes(os.urandom(SMALL - 1))
    (static / "film.bin").write_bytes(os.urandom(5 * SMALL + 1))
    block = os.urandom(2**20)
    with (static / "big.bin").open("wb") as file:
        # No two blocks are alike, so that none can stand for another unnoticed.
        for start in range(0, BIG, len(block)):
            file.write((start.to_bytes(8, "big") + block)[: min(len(block), BIG - start)])
    time.sleep(2.1)  # until the files count as settled
    return Site(folder)


@pytest.fixture(
    scope="session",
    params=[(name, express) for name in KINDS for express in (False, True)],
    ids=lambda param: f"{param[0]}{', express' if param[1] else ''}",
)
def host(
    request: pytest.FixtureRequest, site: Site, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Host]:
    """Start each server once, through the hooks and past them."""
    name, express = request.param
    kind = KINDS[name]
    if os.name == "nt" or not kind.is_installed:
        pytest.skip(f"{name} is not installed (pip install {kind.module})")
    log = tmp_path_factory.mktemp("log") / "server.log"
    env = {"HOSTED_FOLDER": str(site.folder)}
    if express:
        env["HOSTED_STATIC_OPTIMIZER_EXPRESS"] = "true"
    here = Path(__file__).parent
    with running(partial(kind.command, "hosted:app"), here, log, env) as server:
        yield Host(kind, site, server, express)
