"""Typical mistakes at the command line and in the environment: each is told, with its remedy.

Those in configuration and code are in ``tests/config/test_mistakes.py``.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from flask_static_optimizer import ConfigurationError
from flask_static_optimizer.demo import command as demo
from wsgi_servers import free_port

FlaskCommand = Callable[..., Result]
Project = Callable[[str], str]

PLAIN = """
import os
from flask import Flask
def create_app():
    return Flask(__name__, root_path=os.getcwd())
"""
OPTIMIZED = """
import os
from flask import Flask
from flask_static_optimizer import StaticOptimizer
app = Flask(__name__, root_path=os.getcwd())
app.config["STATIC_OPTIMIZER_CACHE_DIR"] = os.path.abspath("kept")
app.config.update({config!r})
StaticOptimizer(app)
"""
WSGI = "flask_static_optimizer.wsgi"


def optimized(**config: object) -> str:
    return OPTIMIZED.format(config={f"STATIC_OPTIMIZER_{key}": v for key, v in config.items()})


#: Variables for ``flask_static_optimizer.wsgi``, and the words of the error.
#: ``{name}`` is the module of the app.
ENVIRONMENT: dict[str, tuple[dict[str, str], list[str]]] = {
    "no app": ({}, ["STATIC_OPTIMIZER_APP is not set", "STATIC_OPTIMIZER_APP=myproject:"]),
    "another spelling of the app": (
        {"STATIC_OPTIMISER_APP": "{name}:create_app"},
        ["STATIC_OPTIMISER_APP=", "write STATIC_OPTIMIZER_APP"],
    ),
    "a wrong module": (
        {"STATIC_OPTIMIZER_APP": "nomod:app"},
        ["STATIC_OPTIMIZER_APP is 'nomod:app'", "Could not import 'nomod'", "imported from"],
    ),
    "a wrong attribute": (
        {"STATIC_OPTIMIZER_APP": "{name}:nope"},
        ["STATIC_OPTIMIZER_APP is '", "attribute 'nope'", "function that makes one"],
    ),
    "JSON without its end": (
        {"STATIC_OPTIMIZER_RULES": '{"charts.*": {"max_age": 3600}'},
        ["STATIC_OPTIMIZER_RULES is", "this is none", "',' delimiter (character 31, after"],
    ),
    "a dictionary of Python": (
        {"STATIC_OPTIMIZER_RULES": "{'charts.*': {'max_age': 3600}}"},
        ["STATIC_OPTIMIZER_RULES is", "enclosed in double quotes (character 2, after '{'"],
    ),
    "JSON in JSON": (
        {"STATIC_OPTIMIZER_RULES": r'"{\"charts.*\": {\"max_age\": 3600}}"'},
        ["STATIC_OPTIMIZER_RULES is", "a text with JSON in it"],
    ),
    "a list in Python's quotes": (
        {"STATIC_OPTIMIZER_ENCODINGS": "['gzip']"},
        ["STATIC_OPTIMIZER_ENCODINGS is", "this is none", "(character 2, after '['"],
    ),
    "a truth of Python": (
        {"STATIC_OPTIMIZER_EXPRESS": "True"},
        ["EXPRESS is 'True'", "true or false in the environment"],
    ),
    "a relative folder": (
        {"STATIC_OPTIMIZER_CACHE_DIR": "cache"},
        ["CACHE_DIR is 'cache'", "absolute path"],
    ),
    "a key with a typing error": (
        {"STATIC_OPTIMIZER_MAXAGE": "5"},
        ["STATIC_OPTIMIZER_MAXAGE=5", "did you mean STATIC_OPTIMIZER_MAX_AGE?"],
    ),
    "another spelling": (
        {"STATIC_OPTIMISER_MAX_AGE": "5"},
        ["STATIC_OPTIMISER_MAX_AGE='5'", "write STATIC_OPTIMIZER_MAX_AGE"],
    ),
}


@pytest.mark.parametrize("title", ENVIRONMENT)
def test_an_environment_is_refused(
    project: Project, monkeypatch: pytest.MonkeyPatch, title: str
) -> None:
    variables, words = ENVIRONMENT[title]
    name = project(PLAIN)
    if not any(key.endswith("_APP") for key in variables) and title != "no app":
        monkeypatch.setenv("STATIC_OPTIMIZER_APP", f"{name}:create_app")
    for key, value in variables.items():
        monkeypatch.setenv(key, value.replace("{name}", name))
    with pytest.raises(ConfigurationError) as caught:
        importlib.import_module(WSGI)
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_other_variables_of_an_environment_are_left_alone(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATIC_OPTIMIZER_APP", f"{project(PLAIN)}:create_app")
    for key in (
        "STATIC_OPTIMIZE",
        "STATIC_OPTIMIZERS",
        "STATIC_OPTIMIZE_STORE",
        "STATIC_OPTIMIZER",
    ):
        monkeypatch.setenv(key, "1")
    app = importlib.import_module(WSGI).app
    assert "static_optimizer" in app.extensions


def test_an_error_inside_the_module_is_told_with_its_place(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = project("\nimport gone_away\n")
    monkeypatch.setenv("STATIC_OPTIMIZER_APP", name)
    with pytest.raises(ConfigurationError) as caught:
        importlib.import_module(WSGI)
    message = str(caught.value)
    assert "No module named 'gone_away'" in message
    assert f'{name}.py", line 2' in message
    assert "\n" not in message


@pytest.mark.skipif(sys.platform == "win32", reason="gunicorn does not run there")
@pytest.mark.parametrize(
    ("option", "target", "words"),
    [
        ("--no-sendfile", None, "STATIC_OPTIMIZER_APP is not set"),
        ("--no-sendfile", "nomod:app", "STATIC_OPTIMIZER_APP is 'nomod"),
        ("--preload", "nomod:app", "STATIC_OPTIMIZER_APP is 'nomod"),
    ],
)
def test_gunicorn_says_it_in_one_line_and_ends(
    tmp_path: Path, option: str, target: str | None, words: str
) -> None:
    environ = {key: value for key, value in os.environ.items() if "STATIC_OPT" not in key}
    if target is not None:
        environ["STATIC_OPTIMIZER_APP"] = target
    arguments = ["-b", f"127.0.0.1:{free_port()}", option, f"{WSGI}:app"]
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", *arguments],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    assert sum(words in line for line in said.splitlines()) == 1


#: The source of an app, arguments of ``flask``, and the words of the answer.
#: ``{name}`` is the module of the app.
COMMANDS: dict[str, tuple[str, list[str], list[str]]] = {
    "no app": ("", ["static", "audit"], ["Could not locate a Flask application", "--app"]),
    "an app without the extension": (
        PLAIN,
        ["--app", "{name}", "static", "audit"],
        [
            "does not have the extension",
            "StaticOptimizer(app)",
            "STATIC_OPTIMIZER_APP={name} flask --app flask_static_optimizer.wsgi static",
        ],
    ),
    "an app in which it is off": (
        optimized(ENABLED=False),
        ["--app", "{name}", "static", "audit"],
        ["STATIC_OPTIMIZER_ENABLED is False"],
    ),
    "a wrong app": (
        "",
        ["--app", "nope", "static", "audit"],
        ["Could not import 'nope'"],
    ),
    "no name for the app of the environment": (
        "",
        ["--app", WSGI, "static", "audit"],
        ["STATIC_OPTIMIZER_APP is not set"],
    ),
    "a configuration error": (
        optimized(MAXAGE=60),
        ["--app", "{name}", "static", "audit"],
        ["STATIC_OPTIMIZER_MAXAGE=60", "did you mean STATIC_OPTIMIZER_MAX_AGE?"],
    ),
    "a view that was declared in a wrong way": (
        optimized()
        + "from flask_static_optimizer import cacheable_static\n"
        + "app.post('/x', endpoint='x')(cacheable_static(lambda: ''))\n",
        ["--app", "{name}", "static", "audit"],
        ["@cacheable_static on 'x'", "does not answer GET"],
    ),
    "an unknown command": (
        optimized(),
        ["--app", "{name}", "static", "compile"],
        ["No such command 'compile'"],
    ),
    "a purge of what other processes have": (
        optimized(),
        ["--app", "{name}", "static", "purge", "--tag", "nope"],
        ["in the memory of each process", "restart the server"],
    ),
    "a header that is none": (
        optimized(),
        ["--app", "{name}", "static", "explain", "/static/app.css", "-H", "foo"],
        ["'foo' is no 'Name: value'", "-H"],
    ),
    "a build that can't write": (
        optimized().replace('"kept"', '"static/app.css/kept"'),
        ["--app", "{name}", "static", "build"],
        ["STATIC_OPTIMIZER_CACHE_DIR is '", "app.css", "Name a folder"],
    ),
    "a copy that can't be written": (
        optimized(),
        ["--app", "{name}", "static", "nginx", "--root", "static/app.css/copy"],
        ["--root is '", "app.css", "Name a folder"],
    ),
    "a copy in debug mode": (
        optimized(),
        ["--app", "{name}", "--debug", "static", "nginx", "--root", "n"],
        ["debug mode", "without --debug"],
    ),
}


@pytest.mark.parametrize("title", COMMANDS)
def test_a_call_is_refused_in_words(flask: FlaskCommand, project: Project, title: str) -> None:
    source, arguments, words = COMMANDS[title]
    name = project(source)
    result = flask(*(argument.replace("{name}", name) for argument in arguments))
    assert result.exit_code
    assert isinstance(result.exception, SystemExit)
    for word in words:
        assert word.replace("{name}", name) in result.output


def test_an_app_of_the_environment_is_audited(
    flask: FlaskCommand, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATIC_OPTIMIZER_APP", f"{project(PLAIN)}:create_app")
    result = flask("--app", WSGI, "static", "explain", "/static/app.css")
    assert result.exit_code == 0, result.output
    assert "Flask's own view over a static folder" in result.stdout


@pytest.mark.parametrize("url", ["http://localhost/static/app.css", "/static/app.css"])
def test_a_url_is_explained_in_any_form(flask: FlaskCommand, project: Project, url: str) -> None:
    result = flask("--app", project(optimized()), "static", "explain", url)
    assert result.exit_code == 0, result.output
    assert "Flask's own view over a static folder" in result.stdout


def test_the_demo_says_what_it_needs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [*sys.modules]:
        if name.startswith(f"{demo.__package__}.") and name != demo.__name__:
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "flask_login", None)
    monkeypatch.setattr(sys, "argv", ["flask-static-optimizer", "demo"])
    with pytest.raises(SystemExit) as ended:
        demo.main()
    assert ended.value.code
    assert "flask-static-optimizer[demo]" in capsys.readouterr().err
