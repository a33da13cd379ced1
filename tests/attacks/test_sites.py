"""Apps that are laid out so that private and static URLs are hard to tell apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from attacks.conftest import Make
from attacks.servers import CONFIGURATIONS, HONOURING, SERVERS, ask, nginx, origin, session_id
from attacks.site import SECRET
from conftest import RedisServer


@pytest.mark.parametrize("express", [False, True], ids=["flask", "express"])
@pytest.mark.parametrize("server", SERVERS)
def test_a_folder_at_the_root_of_the_site(
    make_site: Make, redis_server: RedisServer, tmp_path: Path, server: str, express: bool
) -> None:
    """With ``static_url_path=''`` every URL might be a file's."""
    config = {"static_url_path": "", "STATIC_OPTIMIZER_EXPRESS": express}
    private = ["/account", "/account/x.css", "/account/", "/private/report.pdf", "/guarded/a.pdf",
               "/static/u/ada/invoice.pdf", "/./private/report.pdf", "/private/./report.pdf",
               "/x/../private/report.pdf", "/private%2freport.pdf", "/app.css/../account",
               "//private/report.pdf", "//account", "/static/session.js"]  # fmt: skip
    mistakes = ["/none.css", "/", "/x/y/z", "/app.css/", "//app.css", "/..", "/.env", "/%2eenv",
                "/login", "/asset/none.css", "/private", "//evil.example/app.css"]  # fmt: skip
    with (
        origin(server, make_site(), redis_server.port, **config) as app,
        nginx(tmp_path / "here", app) as cache,
    ):
        sid = session_id(app, "ada")
        seen = [ask(app, target, f"Cookie: session={sid}") for target in private]
        assert sum(SECRET in answer.text for answer in seen) >= 8
        for name in HONOURING:
            for target in [*private, *mistakes]:
                for who in ((f"Cookie: session={sid}",), (), (f"Cookie: session={sid}",)):
                    answer = ask(cache.ports[name], target, *who)
                    assert answer.cached != "HIT" or answer.status == 200, target
                    if not who:
                        assert SECRET not in answer.text
                        assert sid not in answer.text
        for name in CONFIGURATIONS:
            for target in ("/app.css", "/app.js?x=1", "/sub/img.png"):
                if "directory" in name:
                    continue
                ask(cache.ports[name], target, f"Cookie: session={sid}")
                answer = ask(cache.ports[name], target)
                assert (answer.status, answer.cached) == (200, "HIT")


#: Dynamic routes below the static prefix, and what they say of themselves.
@pytest.mark.parametrize("target", ["/static/token.js", "/static/token.js?v=0000000000000000"])
def test_an_own_cookie_below_the_prefix(
    make_site: Make, redis_server: RedisServer, tmp_path: Path, target: str
) -> None:
    """A token in a cookie that no session knows of: the route is an ordinary one.

    A token in a cookie that no session knows of: the route is an ordinary one.

    It says nothing of caching, as it would without the extension; so no cache that waits for
    a word keeps it.
    """
    root = make_site()
    port = redis_server.port
    token = f"Cookie: jwt={SECRET}ada"
    with origin("waitress", root, port, optimize=False) as plain:
        without = ask(plain, target, token)
    with origin("waitress", root, port) as app, nginx(tmp_path / "here", app) as cache:
        direct = ask(app, target, token)
        names = {name for name, _ in direct.headers}
        assert names == {name for name, _ in without.headers}
        assert not names & {"cache-control", "etag", "expires"}
        for name in HONOURING:
            assert SECRET in ask(cache.ports[name], target, token).text
            stranger = ask(cache.ports[name], target)
            assert SECRET not in stranger.text
            assert stranger.cached != "HIT"


@pytest.mark.parametrize("proxied", [True, False])
@pytest.mark.parametrize("server", SERVERS)
def test_redirects_are_not_poisoned(
    make_site: Make, redis_server: RedisServer, tmp_path: Path, server: str, proxied: bool
) -> None:
    """A redirect to an attacker's host is not given to the next visitor.

    ``//static/app.css`` with X-Forwarded-Host is a redirect to the attacker's host.
    """
    attack = ("X-Forwarded-Host: evil.example", "X-Forwarded-Proto: https")
    targets = ["//static/app.css", "/static//app.css", "///static/app.css", "/asset//logo.svg",
               "/shop//static/app.css", "//shop/static/app.css", "/account//",
               "//evil.example/..//static/app.css", "/static/private/report.pdf"]  # fmt: skip
    with (
        origin(server, make_site(), redis_server.port, proxied=proxied) as app,
        nginx(tmp_path / "here", app) as cache,
    ):
        poisoned = [ask(app, target, *attack).get("location") for target in targets]
        # waitress takes out what no proxy that it trusts has sent.
        believed = proxied and server == "gunicorn"
        assert any("evil.example" in location for location in poisoned) == believed
        for name in HONOURING:
            for target in targets:
                ask(cache.ports[name], target, *attack)
                after = ask(cache.ports[name], target)
                assert after.cached != "HIT" or after.status == 200
                assert "evil.example" not in after.get("location")
