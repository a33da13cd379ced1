"""A WSGI app that is any Flask app with the extension, without a change to the app's source.

Name the app as ``flask --app`` takes it and point a WSGI server here::

    STATIC_OPTIMIZER_APP=myproject:create_app gunicorn flask_static_optimizer.wsgi:app

Other variables that start with ``STATIC_OPTIMIZER_`` are configuration and replace the app's own.
They are read as ``Config.from_prefixed_env`` reads them: as JSON where they can be.
"""

from __future__ import annotations

import os
import sys

from flask import Config, Flask
from flask.cli import NoAppException, ScriptInfo

from .config.errors import ConfigurationError
from .config.names import EXTENSION, PREFIX
from .config.settings import Settings
from .extension import StaticOptimizer

#: The environment variable that names the app.
VARIABLE = "STATIC_OPTIMIZER_APP"


def load() -> Flask:
    """Load the app that :data:`VARIABLE` names and install the extension, unless it has it.

    :returns: the app, ready to be served.
    :raises ConfigurationError: if the variable is not set or names no app, or another one has a
        wrong name or value.
    """
    # What begins with FLASK_ is the app's own, as Config.from_prefixed_env() reads it.
    environ = {key: value for key, value in os.environ.items() if not key.startswith("FLASK_")}
    name = VARIABLE.removeprefix(PREFIX)
    Settings.refuse_misspelt(environ, name)
    target = os.environ.get(VARIABLE)
    if not target:
        raise ConfigurationError(
            f"{VARIABLE} is not set: name your app as 'flask --app' takes it, such as"
            f" {VARIABLE}=myproject:create_app"
        )
    try:
        app = ScriptInfo(app_import_path=target, set_debug_flag=False).load_app()
    except NoAppException as error:
        raise ConfigurationError(
            f"{VARIABLE} is {target!r}: {_sentence(error.format_message())} Name a module that can"
            f" be imported from {os.getcwd()!r}, and an app or a function that makes one in it,"
            " such as myproject:create_app."
        ) from None
    if EXTENSION not in app.extensions:
        variables = Config("")
        variables.from_prefixed_env(PREFIX.rstrip("_"))
        variables.pop(name)
        app.config.update({PREFIX + key: value for key, value in variables.items()})
        StaticOptimizer(app)
    return app


def _sentence(text: str) -> str:
    """Return a message of Flask in one line; of a traceback in it, what was raised at its end."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) == 1:
        return lines[0]
    place = next((line for line in reversed(lines) if line.startswith('File "')), lines[-2])
    return f"{lines[0]} {lines[-1]} ({place})."


def _load_for_server() -> Flask:
    """Load the app as :func:`load` does, so that a wrong configuration is told in one line."""
    try:
        return load()
    except ConfigurationError as error:
        # gunicorn prints errors of these kinds without a traceback, and ends: the first where a
        # worker loads the app, the other with --preload.
        gunicorn = sys.modules.get("gunicorn.errors")
        if gunicorn is None:
            raise
        bases = (ConfigurationError, gunicorn.AppImportError, RuntimeError)
        raise type(ConfigurationError.__name__, bases, {})(str(error)) from None


app = _load_for_server()
