"""A panel for Flask-DebugToolbar.

It is imported only if the app's configuration names it::

    app.config["DEBUG_TB_PANELS"] = [
        ...,
        "flask_static_optimizer.monitoring.debug_panel.StaticOptimizerPanel",
    ]
"""

from __future__ import annotations

from typing import Any

from flask import current_app, render_template_string
from flask_debugtoolbar.panels import DebugPanel  # type: ignore[import-untyped, import-not-found, unused-ignore]

from ..config.names import EXTENSION

_CONTENT = """\
{% if figures is none %}
<p>StaticOptimizer is not installed in this app.</p>
{% else %}
<table>
  <thead><tr><th>Since this process started</th><th></th></tr></thead>
  <tbody>
  {% for name, value in figures.items() %}
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
"""


class StaticOptimizerPanel(DebugPanel):  # type: ignore[misc, unused-ignore]
    """A panel of Flask-DebugToolbar with the counters and the static endpoints."""

    name = "StaticOptimizer"
    has_content = True

    def nav_title(self) -> str:
        """Return the name of the panel in the toolbar."""
        return "Static files"

    def nav_subtitle(self) -> str:
        """Return the line below that name."""
        state = current_app.extensions.get(EXTENSION)
        if state is None:
            return "not installed"
        figures = state.stats.figures()
        return f"{figures.session_reads_avoided} session reads avoided"

    def title(self) -> str:
        """Return the heading of the panel."""
        return "flask-static-optimizer"

    def url(self) -> str:
        """Return an empty string, since the panel has no page of its own."""
        return ""

    def content(self) -> str:
        """Return the counters and the endpoints as HTML."""
        state: Any = current_app.extensions.get(EXTENSION)
        if state is None:
            return render_template_string(_CONTENT, figures=None)
        return render_template_string(
            _CONTENT, figures=state.stats.figures()._asdict(), endpoints=list(_endpoints(state))
        )


def _endpoints(state: Any) -> Any:
    for name in sorted(state.endpoints.names()):
        endpoint = state.endpoints.get(name)
        modes = {state.settings.mode(policy) if policy else "alone" for policy in endpoint.outcomes}
        yield name, ", ".join(sorted(modes))
