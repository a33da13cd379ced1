"""Running ``flask-static-optimizer demo``."""

from __future__ import annotations

import json
from typing import Any

from click.testing import CliRunner, Result

from flask_static_optimizer.demo.command import main

#: What is on the demo's page.
ASSETS = 14


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["demo", *arguments])


def figures(*arguments: str) -> Any:
    result = run("--rounds", "1", "--json", *arguments)
    assert result.exit_code == 0, result.output
    return json.loads(result.output)
