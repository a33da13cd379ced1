"""A WSGI app that is any Flask app with the extension, without a change to the app's source.

Name the app as ``flask --app`` takes it and point a WSGI server here::

    STATIC_OPTIMIZER_APP=myproject:create_app gunicorn flask_static_optimizer.wsgi:app

Other variables that start with ``STATIC_OPTIMIZER_`` are configuration and replace the app's own.
They are read as ``Config.from_prefixed_env`` reads them: as JSON where they can be.
"""

from __future__ import annotations

import os

from flask import Config, Flask
from flask.cli import ScriptInfo

from .config.errors import ConfigurationError
from .config.names import EXTENSION, PREFIX
from .extension import StaticOptimizer

#: The environment variable that names the app.
VARIABLE = "STATIC_OPTIMIZER_APP"


def load() -> Flask:
    """Load the app that :data:`VARIABLE` names and install the extension, unless it has it.

    :returns: the app, ready to be served.
    :raises ConfigurationError: if the variable is not set, or another one has a wrong value.
    :raises flask.cli.NoAppException: if there is no app of that name.
    """
    name = os.environ.get(VARIABLE)
    if not name:
        raise ConfigurationError(
            f"{VARIABLE} is not set: name your app as 'flask --app' takes it, such as"
            f" {VARIABLE}=myproject:create_app"
        )
    app = ScriptInfo(app_import_path=name, set_debug_flag=False).load_app()
    if EXTENSION not in app.extensions:
        variables = Config("")
        variables.from_prefixed_env(PREFIX.rstrip("_"))
        variables.pop(VARIABLE.removeprefix(PREFIX))
        app.config.update({PREFIX + key: value for key, value in variables.items()})
        StaticOptimizer(app)
    return app


app = load()
