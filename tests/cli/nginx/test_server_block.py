"""What 'flask static nginx' prints beside locations of the site's own, and what it says there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, request

from cli.nginx.servers import send
from conftest import CSS, free_port

pytestmark = pytest.mark.usefixtures("settled")

REPORT = "/static/private/report.pdf"
RULES = {"static:private/*": {"session": "protected"}}


@pytest.fixture
def among_others(serve: Any, run_nginx: Any, config_of: Any, tmp_path: Path) -> Callable[..., int]:
    """Put what is printed for an app into a server block with locations of its own; give a port."""

    def start(app: Flask, *locations: str) -> int:
        server, port = serve(app), free_port()
        arguments = [f"--root={tmp_path}/copy", f"--upstream=127.0.0.1:{server.port}"]
        http, block = (config_of(app, *arguments, "--part", part) for part in ("http", "server"))
        own = "\n".join(locations)
        run_nginx(f"{http}\nserver {{\nlisten 127.0.0.1:{port};\n{own}\n{block}\n}}", port)
        return port

    return start


def test_static_folders_win_over_regular_expressions(make_app: Any, among_others: Any) -> None:
    """A usual line that gives pictures and stylesheets an ``expires`` takes none of them away."""
    app = make_app(STATIC_OPTIMIZER_SENDFILE="X-Accel-Redirect", STATIC_OPTIMIZER_RULES=RULES)
    port = among_others(app, r"location ~ \.(css|pdf)$ { return 418; }")
    assert send(port, "/static/app.css").body == CSS
    # The app hands it to nginx under a path that ends in the same way.
    assert send(port, REPORT).body.startswith(b"%PDF")
    assert send(port, "/elsewhere.css").status == 418


def test_a_folder_at_the_root_leaves_other_locations(make_app: Any, among_others: Any) -> None:
    app = make_app(flask={"static_url_path": ""})
    port = among_others(app, r"location ~ \.js$ { return 418; }", "location /api { return 418; }")
    assert send(port, "/app.css").body == CSS
    assert send(port, "/app.js").status == 418
    assert send(port, "/api/app.css").status == 418


def test_what_is_left_to_the_app_is_listed(
    make_app: Any, behind: Any, config_of: Any, static_folder: Path, tmp_path: Path
) -> None:
    """Each file is answered by nginx or listed with the reason, and not both."""
    for name in ("empty.txt", "price.txt", "wall1.txt", "wall2.txt", "wall3.txt", "wall4.txt"):
        (static_folder / name).write_text("" if name == "empty.txt" else name)
    for name in ("Twin.txt", "twin.txt"):
        (static_folder / name).write_text(name)

    def hooks(app: Flask) -> None:
        @app.before_request
        def wall() -> Any:
            return ("no", 401) if "/wall" in request.path else None

        @app.after_request
        def price(response: Response) -> Response:
            if "price" in request.path:
                response.headers["X-Price"] = "5$"
            return response

    app = make_app(before=hooks, STATIC_OPTIMIZER_RULES=RULES)
    text = config_of(app, f"--root={tmp_path}/copy")
    lines = text.splitlines()
    listed = [line for line in lines if line.startswith("# Left to the app, as ")]
    assert listed == [
        "# Left to the app, as without a log-in it is answered with 401: 4"
        " (/static/wall1.txt, /static/wall2.txt, /static/wall3.txt, ...).",
        "# Left to the app, as nginx takes names for the same that differ in case only: 2"
        " (/static/Twin.txt, /static/twin.txt).",
        "# Left to the app, as it is empty, and nginx takes any range of it for the whole: 1"
        " (/static/empty.txt).",
        "# Left to the app, as nginx can't say its header field X-Price: 1 (/static/price.txt).",
        "# Left to the app, as no shared cache may keep it (private, no-store or a cookie): 1"
        f" ({REPORT}).",
    ]
    assert lines[1] == "# 2 URLs are answered by nginx, exactly as the app answered them"
    server, port = behind(app)
    for path in static_folder.rglob("*"):
        if path.is_file():
            send(port, f"/static/{path.relative_to(static_folder).as_posix()}")
    left = {
        *(f"/static/wall{number}.txt" for number in (1, 2, 3, 4)),
        *(f"/static/{name}.txt" for name in ("Twin", "twin", "empty", "price")),
        REPORT,
    }
    assert (sorted(server.asked), len(left)) == (sorted(left), 9)
