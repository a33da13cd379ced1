"""The page of ``demo --serve``, which shows both apps side by side and their counters.

It imports the other modules of ``demo``. Its tests are in ``tests/demo``.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import urlsplit

from flask import Flask, Response, render_template, request
from flask.typing import ResponseReturnValue

from ...cli.compare.comparison import side_by_side
from ...cli.compare.tally import Tally
from ..deployment import CHANGED, STYLESHEET, Deployment
from ..meter import Meter
from .rows import ROWS


class Side(NamedTuple):
    """A side of the page: one of the two apps, as it is served."""

    url: str
    meter: Meter

    def seen_from(self, host: str | None) -> str:
        """Return the URL of the app, with the host name that the browser uses for this machine.

        With another host name it would be another site, and a frame would send no cookies to it.
        """
        return f"http://{host}:{urlsplit(self.url).port}"


def create_panel(
    without: Side, optimized: Side, deployment: Deployment, *, sessions_in: str
) -> Flask:
    """Make the app that serves the panel.

    :param without: the app without the extension.
    :param optimized: the app with it.
    :param deployment: the static files of both.
    :param sessions_in: the name of the place where sessions are kept.
    """
    app = Flask(__name__)
    app.debug = False
    # Other host names are refused, so that no site on the web can point its own name here.
    app.config["TRUSTED_HOSTS"] = ["127.0.0.1", "localhost"]
    sides = {"without": without, "with": optimized}

    @app.get("/")
    def page() -> ResponseReturnValue:
        host = urlsplit(request.host_url).hostname
        origins = {name: side.seen_from(host) for name, side in sides.items()}
        page = Response(
            render_template(
                "panel.html", rows=ROWS, origins=origins, sessions_in=sessions_in, file=STYLESHEET
            )
        )
        there = " ".join(origins.values())
        # The page needs nothing that is not on this machine.
        page.headers["Content-Security-Policy"] = (
            f"default-src 'self'; frame-src {there}; form-action {there}; frame-ancestors 'none'"
        )
        return page

    @app.get("/figures")
    def figures() -> ResponseReturnValue:
        answer: dict[str, Any] = {name: _figures(side.meter.tally) for name, side in sides.items()}
        return answer, {"Cache-Control": "no-store"}

    @app.get("/response")
    def response() -> ResponseReturnValue:
        last = [side.meter.last for side in sides.values()]
        before, after = ([] if one is None else list(one.headers) for one in last)
        return {"fields": side_by_side(before, after)}, {"Cache-Control": "no-store"}

    @app.post("/deploy")
    def deploy() -> ResponseReturnValue:
        return {"files": CHANGED, "version": deployment.change()}

    return app


def _figures(tally: Tally) -> dict[str, float]:
    return {row.figure: getattr(tally, row.figure) for row in ROWS}
