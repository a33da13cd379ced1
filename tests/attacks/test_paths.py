"""The corpus of raw paths, behind nginx in five configurations, on two WSGI servers.

For each path and configuration: a visitor who is logged in asks, then one who is not, then the
first again. Run with ``-s`` to see the counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from attacks.conftest import Make, fingerprint
from attacks.corpus import ASSETS, TARGETS
from attacks.servers import (
    CONFIGURATIONS,
    HONOURING,
    Answer,
    Nginx,
    ask,
    nginx,
    origin,
    session_id,
)
from attacks.site import SECRET
from conftest import CSS, RedisServer

MARK = fingerprint(CSS)

#: By server and fingerprint mode, with and without STATIC_OPTIMIZER_EXPRESS.
SITES = [
    ("waitress", "query", "flask"),
    ("gunicorn", "path", "flask"),
    ("waitress", "path", "express"),
    ("gunicorn", "query", "express"),
]

IGNORING = [name for name in CONFIGURATIONS if name not in HONOURING]

#: What tells a cache not to share a response.
FORBIDDEN = re.compile(r"\b(private|no-store)\b")


def targets(listed: list[str]) -> list[str]:
    return [target.replace("{fp}", MARK) for target in listed]


@dataclass
class Findings:
    """The failures behind one configuration of a cache, by target."""

    #: What a stranger was given that is a visitor's own.
    leaks: dict[str, Answer] = field(default_factory=dict)
    #: Errors and redirects that are kept.
    errors: dict[str, int] = field(default_factory=dict)
    #: Kept answers that are not what the app says.
    wrong: dict[str, int] = field(default_factory=dict)
    asked: int = 0
    hits: int = 0

    def __str__(self) -> str:
        return (
            f"{self.asked:6} requests {self.hits:5} hits {len(self.leaks):4} leaks"
            f" {len(self.errors):4} cached errors {len(self.wrong):4} wrong answers"
        )


class Attack:
    """An attacker, who asks for targets as Ada, as nobody, and as Ada again."""

    def __init__(self, cache: Nginx, app: int) -> None:
        self._cache = cache
        self._app = app
        self._sid = session_id(app, "ada")
        self.as_ada = f"Cookie: session={self._sid}; jwt={SECRET}ada"
        self._as_nobody: dict[str, Answer] = {}
        # Or there would be nothing to leak.
        for target in ("/account", "/static/private/report.pdf", "/static/u/ada/invoice.pdf"):
            assert SECRET in ask(app, target, self.as_ada).text, target
            assert SECRET not in ask(app, target).text, target

    def run(self, configuration: str, listed: list[str]) -> Findings:
        """Ask one cache for each target, and look at what a stranger is given and what it keeps."""
        found = Findings()
        port = self._cache.ports[configuration]
        for target in listed:
            answers = [ask(port, target, *who) for who in ((self.as_ada,), (), (self.as_ada,))]
            found.asked += len(answers)
            stranger = answers[1]
            if self.is_personal(stranger):
                found.leaks[target] = stranger
            for answer in answers:
                assert "x-injected" not in dict(answer.headers), target
                if answer.cached != "HIT":
                    continue
                found.hits += 1
                if answer.status >= 300:
                    found.errors[target] = answer.status
                if answer.get("set-cookie"):
                    found.leaks[target] = answer
                direct = self.direct(target)
                if (answer.status, answer.body) != (direct.status, direct.body):
                    found.wrong[target] = answer.status
        print(f"\n{configuration:36}{found}")
        return found

    def port(self, configuration: str) -> int:
        return self._cache.ports[configuration]

    def direct(self, target: str) -> Answer:
        """Return the app's own answer to a stranger."""
        if target not in self._as_nobody:
            self._as_nobody[target] = ask(self._app, target)
        return self._as_nobody[target]

    def is_personal(self, answer: Answer) -> bool:
        return SECRET in answer.text or self._sid in answer.text

    def is_forbidden(self, target: str) -> bool:
        """Return True if the app tells caches not to share its answer to Ada."""
        answer = ask(self._app, target, self.as_ada)
        return bool(FORBIDDEN.search(answer.get("cache-control"))) or (
            "Cookie" in answer.get("vary") and "set-cookie" in dict(answer.headers)
        )


@contextmanager
def attacked(folder: Path, server: str, root: Path, redis: int, **config: Any) -> Iterator[Attack]:
    with origin(server, root, redis, **config) as app, nginx(folder, app) as cache:
        yield Attack(cache, app)


@pytest.fixture(scope="module", params=SITES, ids=" ".join)
def attack(
    request: pytest.FixtureRequest,
    make_site: Make,
    redis_server: RedisServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Attack]:
    server, mode, lane = request.param
    folder = tmp_path_factory.mktemp("nginx") / "here"
    config = {"STATIC_OPTIMIZER_FINGERPRINT": mode, "STATIC_OPTIMIZER_EXPRESS": lane == "express"}
    with attacked(folder, server, make_site(), redis_server.port, **config) as attack:
        yield attack


def test_the_corpus_is_large() -> None:
    print(f"\n{len(TARGETS)} raw request targets, {len(CONFIGURATIONS)} configurations")
    assert len(TARGETS) >= 300


@pytest.mark.parametrize("configuration", HONOURING)
def test_an_honouring_cache_leaks_nothing(attack: Attack, configuration: str) -> None:
    """A cache that honours headers leaks nothing and keeps no error."""
    found = attack.run(configuration, targets(TARGETS))
    assert found.leaks == {}
    assert found.errors == {}
    assert found.wrong == {}
    assert found.hits >= 2 * len(ASSETS)


@pytest.mark.parametrize("configuration", IGNORING)
def test_an_ignoring_cache_leaks_the_private(attack: Attack, configuration: str) -> None:
    """A cache that ignores headers leaks only responses that it was told not to keep."""
    found = attack.run(configuration, targets(TARGETS))
    assert {target for target in found.leaks if not attack.is_forbidden(target)} <= {
        "/static/token.js"  # which tells nobody that it depends on a cookie
    }
    assert found.leaks  # or this cache is no danger, and the others prove nothing


def test_a_cache_by_decoded_paths(
    make_site: Make, redis_server: RedisServer, tmp_path: Path
) -> None:
    """A cache that goes by decoded paths leaks nothing.

    A key of ``$uri``, which nginx has decoded and freed of dots, and Flask has not.
    """
    folder, root = tmp_path / "here", make_site()
    with (
        origin("gunicorn", root, redis_server.port) as app,
        nginx(folder, app, key="$uri$is_args$args") as cache,
    ):
        found = Attack(cache, app).run("honours all", targets(TARGETS))
    assert found.leaks == {}
    assert found.errors == {}


def test_a_cache_with_a_default_lifetime(
    make_site: Make, redis_server: RedisServer, tmp_path: Path
) -> None:
    """A cache that keeps responses without a lifetime keeps no static endpoint's error.

    ``proxy_cache_valid``: a lifetime for answers without a word of their own.
    """
    folder, root = tmp_path / "here", make_site()
    with (
        origin("gunicorn", root, redis_server.port) as app,
        nginx(folder, app, more="proxy_cache_valid any 1h;") as cache,
    ):
        attack = Attack(cache, app)
        found = attack.run("honours all", targets(TARGETS))
        assert found.leaks.keys() <= {"/static/token.js", "/static/token.js/"}
        for target in found.errors:
            assert attack.direct(target).get("cache-control") == "", target


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_assets_are_kept_and_shared(attack: Attack, configuration: str) -> None:
    for target in targets(ASSETS):
        ask(attack.port(configuration), target, attack.as_ada)
        answer = ask(attack.port(configuration), target)
        assert (answer.status, answer.cached) == (200, "HIT"), target
        assert answer.body == attack.direct(target).body


def test_control_plain_flask_leaks(
    make_site: Make, redis_server: RedisServer, tmp_path: Path
) -> None:
    """Control: the same attacks find leaks in the app without the extension."""
    root = make_site()
    with attacked(
        tmp_path / "here",
        "waitress",
        root,
        redis_server.port,
        optimize=False,
        SEND_FILE_MAX_AGE_DEFAULT=3600,
    ) as attack:
        found = attack.run("ignores Set-Cookie", targets(TARGETS))
    assert found.leaks
    assert found.errors
