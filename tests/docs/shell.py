"""Commands that pages tell their readers to type, checked against the programs they name."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from itertools import pairwise

import click
import pytest
from click.testing import CliRunner
from flask import Flask
from flask.cli import FlaskGroup

from docs.pages import ROOT
from flask_static_optimizer.config.names import PREFIX
from flask_static_optimizer.config.settings import Settings
from flask_static_optimizer.demo.command import main

#: Programs of others, whose options are not ours to check.
OTHERS = {
    *("git", "mypy", "nginx", "pre-commit", "ruff", "sphinx-build", "twine", "uvicorn"),
    *("apt-get", "chown", "mkdir", "sudo", "useradd"),
}

_OPERATORS = {"&&", "||", "|", ";", ">", "<"}
_ASSIGNMENT = re.compile(r"([A-Z][A-Z0-9_]*)=(.*)", re.DOTALL)
_FILE = re.compile(r"(?:tests|docs|src|\.ci)/[\w./-]+")
_EXTRAS = re.compile(r"(?:\.|flask-static-optimizer)\[([\w,]+)\]")


def check(script: str, app: Flask) -> None:
    """See that every command of a script is one, with options that there are.

    :param app: whose ``flask`` commands are meant.
    """
    for words in commands(script):
        _check(words, app)


def commands(script: str) -> Iterator[list[str]]:
    """Return the commands of a script, as lists of words."""
    for line in script.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words: list[str] = []
        redirected = False
        for word in [*lexer, ";"]:
            if word not in _OPERATORS:
                if not redirected:
                    words.append(word)
                redirected = False
            elif word in "<>":
                redirected = True
            elif words:
                yield words
                words = []


def check_dockerfile(text: str, app: Flask) -> None:
    """See that every instruction of a Dockerfile is one, and check the commands that it runs."""
    for line in text.replace("\\\n", " ").splitlines():
        instruction, _, rest = line.partition(" ")
        if instruction == "RUN":
            check(rest, app)
        elif instruction == "CMD":
            check(shlex.join(json.loads(rest)), app)
        elif instruction == "ENV":
            check(rest, app)
        else:
            known = instruction in {"", "#", "COPY", "FROM", "USER", "WORKDIR"}
            assert known, f"{instruction}: what is that?"


def _check(words: list[str], app: Flask) -> None:
    config = {}
    while words and (assignment := _ASSIGNMENT.fullmatch(words[0])):
        config[assignment[1]] = assignment[2]
        words = words[1:]
    _check_environment(config)
    for word in words:
        if _FILE.fullmatch(word):
            assert (ROOT / word).exists(), f"{word}: there is no such file"
    if not words:
        return
    program, *arguments = words
    program = program.removeprefix(".venv/bin/")
    if program in _CHECKS:
        _CHECKS[program](arguments, app)
    else:
        assert program in OTHERS or (ROOT / program).is_file(), f"{program}: what is that?"


def _check_environment(variables: dict[str, str]) -> None:
    config: dict[str, object] = {}
    for name, value in variables.items():
        if name.startswith(PREFIX) and name != f"{PREFIX}APP":
            try:
                config[name] = json.loads(value)
            except ValueError:
                config[name] = value
    Settings.from_config(config)


def _check_click(group: click.Group, arguments: list[str]) -> None:
    # Words are parsed before --help is heeded, so what there is not is refused.
    result = CliRunner().invoke(group, [*arguments, "--help"])
    assert result.exit_code == 0, result.output


def _check_flask(arguments: list[str], app: Flask) -> None:
    if arguments[0] == "--app":
        arguments = arguments[2:]
    ours = arguments[0] in app.cli.commands
    _check_click(app.cli if ours else FlaskGroup(), arguments)


def _check_gunicorn(arguments: list[str], app: Flask) -> None:
    from gunicorn.config import Config

    parsed = Config().parser().parse_args(arguments)
    assert len(parsed.args) == 1, f"gunicorn takes one app, not {parsed.args}"
    module = parsed.args[0].partition(":")[0]
    assert module == "myproject" or find_spec(module), f"there is no module {module}"


def _check_pip(arguments: list[str], app: Flask) -> None:
    tomllib = pytest.importorskip("tomllib", reason="Python 3.11 has it")
    assert arguments[0] == "install"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    groups, extras = project["dependency-groups"], project["project"]["optional-dependencies"]
    for before, word in pairwise(arguments):
        if before == "--group":
            assert word in groups, f"there is no dependency group {word}"
        if found := _EXTRAS.fullmatch(word):
            missing = set(found[1].split(",")) - set(extras)
            assert not missing, f"there are no extras {missing}"


def _check_python(arguments: list[str], app: Flask) -> None:
    if arguments[0] == "-m":
        assert find_spec(arguments[1]), f"there is no module {arguments[1]}"
    else:
        assert (ROOT / arguments[0]).exists(), f"there is no {arguments[0]}"


_CHECKS: dict[str, Callable[[list[str], Flask], None]] = {
    "flask": _check_flask,
    "flask-static-optimizer": lambda arguments, app: _check_click(main, arguments),
    "gunicorn": _check_gunicorn,
    "pip": _check_pip,
    "pytest": lambda arguments, app: None,
    "python": _check_python,
    "python3": _check_python,
}
