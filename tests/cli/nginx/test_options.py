"""The options of 'flask static nginx', and that nginx takes and never warns of what it prints."""

from __future__ import annotations

import http.client
import ssl
import subprocess
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response

from conftest import CSS, free_port
from flask_static_optimizer import cacheable_static
from flask_static_optimizer.cli.nginx.config import Site, whole
from flask_static_optimizer.cli.nginx.copy import object_name
from flask_static_optimizer.cli.nginx.probe import CopiedBody, Location

pytestmark = pytest.mark.usefixtures("settled")

#: A certificate of example.org, and its key.
PEM = Path(__file__).with_name("example.org.pem")
TLS = ["--certificate", str(PEM), "--key", str(PEM)]


def test_https(make_app: Any, serve: Any, run_nginx: Any, config_of: Any, tmp_path: Path) -> None:
    app = make_app()
    app.add_url_rule("/scheme", view_func=lambda: Response(scheme_of(app)))
    server, port = serve(app), free_port()
    arguments = [f"--root={tmp_path}/copy", f"--upstream=127.0.0.1:{server.port}"]
    run_nginx(config_of(app, *arguments, "--listen", f"127.0.0.1:{port} ssl", *TLS), port)
    context = ssl.create_default_context(cafile=str(PEM))
    context.check_hostname = False
    for path, expected in (("/static/app.css", CSS), ("/scheme", b"https")):
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=60, context=context)
        try:
            connection.request("GET", path)
            assert connection.getresponse().read() == expected
        finally:
            connection.close()
    assert server.asked == ["/scheme"]


def scheme_of(app: Flask) -> str:
    from flask import request

    return request.headers["X-Forwarded-Proto"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--upstream", "a; }"], "none that nginx takes"),
        (["--listen", "80; }"], "none that nginx takes"),
        (["--listen", "443 ssl;"], "give 80, 127.0.0.1:8080 or '443 ssl'"),
        (["--listen", "443 ssl\nroot /"], "none that nginx takes"),
        (["--listen", "443 ssl\n"], "none that nginx takes"),
        (["--listen", "443 {"], "none that nginx takes"),
        (["--listen", "443 ssl http2"], "none that nginx takes"),
        (["--certificate", "/a;b", "--key", "/k"], "give /etc/ssl/site.pem"),
        (["--certificate", "/a", "--key", "/k{"], "give /etc/ssl/site.key"),
        (["--certificate", "/a\n", "--key", "/k"], "none that nginx takes"),
        (["--certificate", "/$host", "--key", "/k"], "none that nginx takes"),
        (["--certificate", '/a"', "--key", "/k"], "none that nginx takes"),
        (["--certificate", "/a"], "belong together"),
        (["--key", "/a"], "belong together"),
        (["--server-name", "a{"], "none that nginx takes"),
        (["--root", "/tmp/$host"], "'$'"),
        (["--root", "/tmp/a\nb"], "control characters"),
    ],
)
def test_options_that_nginx_would_not_take(make_app: Any, arguments: list[str], words: str) -> None:
    result = make_app().test_cli_runner().invoke(args=["static", "nginx", *arguments])
    assert result.exit_code != 0
    # click breaks lines where it likes.
    assert words in " ".join(result.output.split())


def with_many_headers(app: Flask) -> None:
    @app.after_request
    def add(response: Response) -> Response:
        for number in range(40):
            response.headers[f"X-Field-{number}"] = "value"
        return response


def with_routes(app: Flask) -> None:
    for number in range(5):
        view = cacheable_static(max_age=5)(lambda name: name)
        app.add_url_rule(f"/route{number}/<path:name>", f"route{number}", view)


def with_a_long_name(app: Flask) -> None:
    with_routes(app)
    app.name = "3_" + "applications_of_a_package." * 4


def left_to_the_app(app: Flask) -> None:
    app.before_request(lambda: ("no", 401))


VARIANTS: dict[str, tuple[Callable[[Flask], None] | None, dict[str, Any], list[str]]] = {
    "default": (None, {}, []),
    "routes": (with_routes, {}, []),
    "path": (None, {"FINGERPRINT": "path"}, []),
    "plain": (None, {"FINGERPRINT": False, "ENCODINGS": []}, []),
    "delta": (None, {"DELTA": True, "PUBLIC": True, "CDN_CACHE_CONTROL": "max-age=5"}, []),
    "sendfile": (None, {"SENDFILE": "X-Accel-Redirect", "METRICS": "/-/metrics"}, []),
    "headers": (with_many_headers, {}, []),
    "long name": (with_a_long_name, {}, []),
    "no files": (left_to_the_app, {}, []),
    "tls": (None, {}, [*TLS, "--listen", "127.0.0.1:9 ssl default_server reuseport"]),
    "ipv6": (None, {}, ["--listen", "[::1]:9 proxy_protocol ipv6only=on"]),
    "socket": (None, {}, ["--listen", "unix:/tmp/a.sock", "--upstream", "unix:/run/app.sock"]),
    "hosts": (None, {}, ["--server-name", "example.org www.example.org *.example.net"]),
    "named": (None, {}, ["--name", "Other Shop"]),
}


def warnings_of(nginx: Path, home: Path, text: str) -> list[str]:
    """Let nginx check what stands in its ``http`` block, and return all that it says."""
    (home / "nginx.conf").write_text(f"pid {home}/pid; events {{}} http {{ {text}\n}}")
    command = [nginx, "-t", "-q", "-p", home, "-c", home / "nginx.conf"]
    test = subprocess.run([*map(str, command)], capture_output=True, text=True)
    # It can't open a log before it has read where that is, so it says and goes on.
    told = test.stderr.splitlines()
    return [line for line in told if "could not open error log" not in line]


@pytest.mark.parametrize("variant", VARIANTS)
def test_nginx_does_not_warn(
    make_app: Any, config_of: Any, tmp_path: Path, nginx_binary: Path, variant: str
) -> None:
    before, config, arguments = VARIANTS[variant]
    keys = {f"STATIC_OPTIMIZER_{key}": value for key, value in config.items()}
    app = make_app(before=before, **keys)
    given = [f"--root={tmp_path}/copy", "--listen=127.0.0.1:9", *arguments]
    text = config_of(app, *given)
    assert warnings_of(nginx_binary, tmp_path, text) == []


def test_nginx_does_not_warn_of_the_parts(
    make_app: Any, config_of: Any, tmp_path: Path, nginx_binary: Path
) -> None:
    app = make_app(before=with_routes)
    http_part, server_part = (
        config_of(app, f"--root={tmp_path}/copy", "--part", part) for part in ("http", "server")
    )
    text = f"{http_part}\nserver {{\nlisten 127.0.0.1:9;\n{server_part}\n}}"
    assert warnings_of(nginx_binary, tmp_path, text) == []


def test_nginx_does_not_warn_of_many_files(tmp_path: Path, nginx_binary: Path) -> None:
    def location(number: int) -> Location:
        path, media_type = f"/{sha256(b'%d' % number).hexdigest()}.css", f"text/x-{number % 700}"
        coded = CopiedBody("br", object_name(f"{number:032x}", media_type))
        return Location(path, media_type, "", coded, {"br": coded}, (("Cache-Control", "a"),))

    site = Site(
        name="app",
        root=str(tmp_path),
        upstream="127.0.0.1:9",
        listen="127.0.0.1:9",
        server_name="_",
        prefixes=["/"],
        locations=[location(number) for number in range(5000)],
        refused=[],
        routes=[],
        codings=["br"],
    )
    assert warnings_of(nginx_binary, tmp_path, "\n".join(whole(site))) == []
