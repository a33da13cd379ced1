"""A panel for Flask-DebugToolbar.

It is imported only if the app's configuration names it::

    app.config["DEBUG_TB_PANELS"] = [
        ...,
        "flask_static_optimizer.monitoring.debug_panel.StaticOptimizerPanel",
    ]
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any

from flask import current_app
from flask_debugtoolbar.panels import DebugPanel  # type: ignore[import-untyped, import-not-found, unused-ignore]
from jinja2 import Environment
from werkzeug.wrappers import Request, Response

from ..config.names import EXTENSION

# An environment of its own: that of the app may escape nothing, and names of files are anybody's.
_CONTENT = Environment(autoescape=True).from_string("""\
{% if state is none %}
<p>StaticOptimizer is not installed in this app.</p>
{% else %}
{% if report %}
<table>
  <thead>
    <tr>
      <th>Static URL of this page</th><th>File</th><th>URL is</th>
      <th>Cache-Control outside debug mode</th><th>Bytes</th><th>Compressed</th>
    </tr>
  </thead>
  <tbody>
  {% for file in report.files %}
    <tr>
      <td><code>{{ file.url }}</code></td><td>{{ file.place }}</td><td>{{ file.kind }}</td>
      <td>{{ file.cache_control }}</td>
      <td>{% if file.size is not none %}{{ '{:,}'.format(file.size) }}{% endif %}</td>
      <td>{% if file.coded is not none %}
        {{- '{:,}'.format(file.coded) }} ({{ file.coding }}){% endif %}</td>
    </tr>
  {% else %}
    <tr><td colspan="6">none</td></tr>
  {% endfor %}
  </tbody>
</table>
{% for saving in report.savings %}<p>{{ saving }}</p>
{% endfor %}
<table>
  <thead><tr><th>The audit says</th><th>To do</th><th>Where</th></tr></thead>
  <tbody>
  {% for finding in report.findings %}
    <tr>
      <td>{{ finding.severity }}: {{ finding.problem }}</td><td>{{ finding.fix }}</td>
      <td>{% for place in finding.places %}<code>{{ place }}</code><br>{% endfor %}</td>
    </tr>
  {% else %}
    <tr><td colspan="3">nothing. <code>flask static audit</code> asks for each URL, too.</td></tr>
  {% endfor %}
  </tbody>
</table>
{% endif %}
<table>
  <thead><tr><th>Since this process started</th><th></th></tr></thead>
  <tbody>
  {% for name, value in state.stats.figures()._asdict().items() %}
    <tr><td>{{ name.replace('_', ' ') }}</td><td>{{ '{:,}'.format(value) }}</td></tr>
  {% endfor %}
  </tbody>
</table>
<table>
  <thead><tr><th>Static endpoint</th><th>Session</th></tr></thead>
  <tbody>
  {% for name, mode in endpoints %}
    <tr><td>{{ name }}</td><td>{{ mode }}</td></tr>
  {% endfor %}
  </tbody>
</table>
{% endif %}
""")


class StaticOptimizerPanel(DebugPanel):  # type: ignore[misc, unused-ignore]
    """A panel of Flask-DebugToolbar with the static files of the page, and what to do about them.

    Below stand the counters and the static endpoints.
    """

    name = "StaticOptimizer"
    has_content = True
    #: The report on the page, once it was made.
    report: Any = None

    def process_response(self, request: Request, response: Response) -> None:
        """Look at the page before the toolbar is put into it."""
        state: Any = current_app.extensions.get(EXTENSION)
        if state is None:
            return
        data = response.get_data()
        if "gzip" in response.headers.get("Content-Encoding", ""):
            data = gzip.decompress(data)
        self.report = state.page_report(request, data.decode("utf-8", "replace"))

    def nav_title(self) -> str:
        """Return the name of the panel in the toolbar."""
        return "Static files"

    def nav_subtitle(self) -> str:
        """Return the line below that name."""
        if self.report is None:
            return "not installed"
        files, findings = len(self.report.files), len(self.report.findings)
        said = f"{findings} finding{'' if findings == 1 else 's'}" if findings else "no findings"
        return f"{files} file{'' if files == 1 else 's'}, {said}"

    def title(self) -> str:
        """Return the heading of the panel."""
        return "flask-static-optimizer"

    def url(self) -> str:
        """Return an empty string, since the panel has no page of its own."""
        return ""

    def content(self) -> str:
        """Return all of it as HTML."""
        state: Any = current_app.extensions.get(EXTENSION)
        endpoints = [] if state is None else list(_endpoints(state))
        return _CONTENT.render(state=state, report=self.report, endpoints=endpoints)


def _endpoints(state: Any) -> Iterator[tuple[str, str]]:
    for name in sorted(state.endpoints.names()):
        endpoint = state.endpoints.get(name)
        modes = {state.settings.mode(policy) if policy else "alone" for policy in endpoint.outcomes}
        yield name, ", ".join(sorted(modes))
