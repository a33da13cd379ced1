"""The entry point: ``flask static`` is there without the extension, and never in an app's way."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest
from click.testing import Result

FlaskCommand = Callable[..., Result]
Project = Callable[[str], str]

OWN_GROUP = """
import click
from flask import Flask, current_app
app = Flask(__name__)

@app.cli.group("static")
def own():
    "The app's own."

@own.command("publish")
@click.option("--to")
def publish(to):
    click.echo(f"published {current_app.name} to {to}")
"""

OWN_COMMAND = """
import click
from flask import Flask, current_app
app = Flask(__name__)

@click.command("static")
@click.argument("what")
def own(what):
    click.echo(f"the own {what} of {current_app.name}")

app.cli.add_command(own)
"""

OPTIMIZED = """
import click, os
from flask import Flask, current_app
from flask_static_optimizer import StaticOptimizer
app = Flask(__name__, root_path=os.getcwd())
StaticOptimizer(app)

@app.cli.commands["static"].command("more")
def more():
    click.echo(f"more of {current_app.name}")
"""


def test_a_group_of_the_app_goes_first(flask: FlaskCommand, project: Project) -> None:
    name = project(OWN_GROUP)
    result = flask("--app", name, "static", "publish", "--to", "there")
    assert result.output == f"published {name} to there\n"
    assert "publish" in flask("--app", name, "static", "--help").output
    assert "No such command 'audit'" in flask("--app", name, "static", "audit").output


def test_a_command_of_the_app_goes_first(flask: FlaskCommand, project: Project) -> None:
    name = project(OWN_COMMAND)
    assert flask("--app", name, "static", "x").output == f"the own x of {name}\n"


def test_the_commands_of_the_extension_are_those_of_the_app(
    flask: FlaskCommand, project: Project
) -> None:
    name = project(OPTIMIZED)
    assert flask("--app", name, "static", "more").output == f"more of {name}\n"
    result = flask("--app", name, "static", "explain", "/static/app.css")
    assert "Flask's own view over a static folder" in result.output


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_the_help_needs_no_app(flask: FlaskCommand, project: Project, arguments: list[str]) -> None:
    project("")
    result = flask("static", *arguments)
    assert "audit" in result.output
    assert "Request everything static" in flask("static", "audit", "--help").output


def test_it_is_among_the_commands_of_flask(flask: FlaskCommand, project: Project) -> None:
    assert "Prepare, check and hand over static files" in flask("--help").output


def test_commands_are_imported_when_they_are_called() -> None:
    source = (
        "import sys\n"
        "from flask_static_optimizer import StaticOptimizer\n"
        "assert 'flask_static_optimizer.cli' in sys.modules\n"
        "assert 'flask_static_optimizer.cli.plugin' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_command_of_an_app_without_the_extension_pays_for_no_more_than_the_name() -> None:
    """Each ``flask`` command loads all entry points, in whatever app it is called."""
    source = (
        "import sys, flask.cli\n"
        "before = set(sys.modules)\n"
        "import flask_static_optimizer.cli.plugin\n"
        "print(*sorted(set(sys.modules) - before))\n"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True)
    assert done.stdout.split() == [
        "flask_static_optimizer",
        "flask_static_optimizer.cli",
        "flask_static_optimizer.cli.plugin",
        "flask_static_optimizer.config",
        "flask_static_optimizer.config.names",
    ], done.stderr
