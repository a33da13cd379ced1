"""The peers: apps that serve the same files, each set up as its documentation tells."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import redis
from cases import write_files
from flask import Flask, session, url_for
from flask.sessions import SessionInterface
from flask_session import Session
from flask_static_digest import FlaskStaticDigest
from flask_static_digest.cli import digest
from servestatic import ServeStatic
from whitenoise import WhiteNoise

from flask_static_optimizer import StaticOptimizer

#: The name of each peer that another place refers to.
FLASK, RENEWED, STORED = "Flask", "Flask, session renewed", "Flask-Session"
WHITENOISE = "WhiteNoise"
#: Ours: an app with a hook, so that Flask has to be asked; one without; and one that wants speed.
HOOK, LANE, EXPRESS = "ours, through hooks", "ours", "ours, EXPRESS"


@dataclass(frozen=True)
class Site:
    """A folder of a peer's files, and the Valkey for its sessions."""

    folder: Path
    redis: str | None = None


@dataclass(frozen=True)
class Peer:
    """A way to serve static files from a Flask app."""

    name: str
    make: Callable[[Site], Flask]
    #: What its documentation wants done before the app starts.
    build: Callable[[Site], None] = lambda _site: None
    #: Whether it is asked with the cookie of a permanent session, as a visitor's browser does.
    logged_in: bool = False
    #: The template function that makes its URLs.
    link: str = "url_for"

    def url(self, app: Flask, filename: str) -> str:
        """Return the URL that this peer's pages would have for a file."""
        with app.test_request_context():
            if self.link == "url_for":
                return url_for("static", filename=filename)
            made: str = app.jinja_env.globals[self.link]("static", filename=filename)  # type: ignore[operator]
            return made


def plain(site: Site) -> Flask:
    """Make a Flask app with a log-in that leaves a permanent session."""
    app = Flask("benchmark", root_path=str(site.folder))
    app.config.update(
        SECRET_KEY="benchmark",
        SESSION_TYPE="redis",
        STATIC_OPTIMIZER_CACHE_DIR=str(site.folder / "kept"),
    )

    @app.get("/in")
    def log_in() -> str:
        session.permanent = True
        session["user"] = "ada"
        return ""

    @app.get("/page")
    def page() -> str:
        return "page"

    return app


def stored(site: Site) -> Flask:
    """Make that app with Flask-Session on Valkey."""
    app = plain(site)
    if site.redis:
        app.config["SESSION_REDIS"] = redis.Redis.from_url(site.redis)
        Session(app)
    return app


class DelegatingInterface(SessionInterface):
    """The proposal of pallets/flask#5491: no session below the static folder's prefix."""

    def __init__(self, app: Flask) -> None:
        self._inner = app.session_interface
        self._prefix = f"{app.static_url_path}/"

    def open_session(self, app, request):  # type: ignore[no-untyped-def]
        is_static = request.path.startswith(self._prefix)
        return self.make_null_session(app) if is_static else self._inner.open_session(app, request)

    def save_session(self, app, session, response):  # type: ignore[no-untyped-def]
        return self._inner.save_session(app, session, response)


def delegating(site: Site) -> Flask:
    app = stored(site)
    app.session_interface = DelegatingInterface(app)
    return app


def digested(site: Site) -> Flask:
    app = plain(site)
    app.cli.add_command(digest)
    FlaskStaticDigest(app)
    return app


def behind_whitenoise(site: Site) -> Flask:
    app = plain(site)
    app.wsgi_app = WhiteNoise(app.wsgi_app, root=site.folder / "static", prefix="static/")  # type: ignore[method-assign]
    return app


def behind_servestatic(site: Site) -> Flask:
    app = plain(site)
    # Its compressing command writes into another folder.
    compressed = site.folder / "compressed"
    root = compressed if compressed.exists() else site.folder / "static"
    app.wsgi_app = ServeStatic(app.wsgi_app, root=root, prefix="static/")  # type: ignore[method-assign]
    return app


def optimized(site: Site) -> Flask:
    app = stored(site)
    StaticOptimizer(app)
    return app


def hooked(site: Site) -> Flask:
    app = stored(site)
    app.before_request(lambda: None)
    StaticOptimizer(app)
    return app


def express(site: Site) -> Flask:
    app = stored(site)
    app.before_request(lambda: None)
    app.config["STATIC_OPTIMIZER_EXPRESS"] = True
    # It warns that hooks are passed by, which would stand in the middle of what is printed. The
    # other apps keep the logger that they share: what they warn of is to be seen.
    app.logger = logging.getLogger("benchmark.express")
    app.logger.setLevel(logging.ERROR)
    StaticOptimizer(app)
    return app


def _command(make: Callable[[Site], Flask], *words: str) -> Callable[[Site], None]:
    """Return a function that runs a command which an extension adds to ``flask``."""

    def build(site: Site) -> None:
        result = make(site).test_cli_runner().invoke(args=words)
        if result.exit_code:
            raise RuntimeError(f"flask {' '.join(words)}: {result.output}") from result.exception

    return build


def _compress_for_whitenoise(site: Site) -> None:
    program = [sys.executable, "-m", "whitenoise.compress", "--quiet"]
    subprocess.run([*program, str(site.folder / "static")], check=True)


def _compress_for_servestatic(site: Site) -> None:
    program = [str(Path(sys.executable).parent / "servestatic"), "--compress", "--quiet"]
    folders = [str(site.folder / name) for name in ("static", "compressed")]
    subprocess.run([*program, *folders], check=True)


PEERS: dict[str, Peer] = {
    peer.name: peer
    for peer in (
        Peer(FLASK, plain),
        Peer(RENEWED, plain, logged_in=True),
        Peer(STORED, stored, logged_in=True),
        Peer("flask#5491", delegating, logged_in=True),
        Peer(
            "Flask-Static-Digest",
            digested,
            _command(digested, "digest", "compile"),
            link="static_url_for",
        ),
        Peer(WHITENOISE, behind_whitenoise, _compress_for_whitenoise, logged_in=True),
        Peer("ServeStatic", behind_servestatic, _compress_for_servestatic, logged_in=True),
        Peer(HOOK, hooked, _command(hooked, "static", "build"), logged_in=True),
        Peer(LANE, optimized, _command(optimized, "static", "build"), logged_in=True),
        Peer(EXPRESS, express, _command(express, "static", "build"), logged_in=True),
    )
}


def prepare_sites(root: Path, names: Iterable[str], redis: str | None = None) -> dict[str, Site]:
    """Make a folder with the same files for each peer, ready as the peer wants it."""
    film = os.urandom(4 * 10**6)
    sites = {}
    for number, name in enumerate(names):
        site = sites[name] = Site(root / str(number), redis)
        write_files(site.folder / "static", film)
        PEERS[name].build(site)
    time.sleep(2.1)  # until the files count as settled
    return sites
