"""A process for each side, which loads the app anew: ``python -m`` this module.

It reads one line of JSON from stdin and writes one to stdout.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from flask.cli import NoAppException, ScriptInfo

from ...config.errors import ConfigurationError
from ...config.names import EXTENSION, PREFIX
from ...config.protecting import folder_key
from ...config.settings import Settings
from ..current import application_root
from ..exchange import matched
from .measure import Side, measure
from .sessions import counted_sessions
from .tally import Counts

if TYPE_CHECKING:
    from flask import Flask

    from ...state import AppState

#: What adds the extension to an app that does not have it.
_WSGI = "flask_static_optimizer.wsgi"

#: Seconds that a process has to end after it has told its result. What an app leaves running does
#: not end by itself.
_GRACE = 2


class SideError(Exception):
    """An error for an app that can't be loaded or measured, with what it said."""


@dataclass(frozen=True)
class Task:
    """A task for one process."""

    #: The app, as ``flask --app`` takes it.
    app: str
    #: Whether the app has the extension by itself.
    has_extension: bool
    optimize: bool
    paths: tuple[str, ...]
    cookies: tuple[str, ...]
    rounds: int


@dataclass(frozen=True)
class Outcome:
    """The result of one process."""

    side: Side
    #: The name of the session interface's class.
    sessions: str
    #: What has to be said of the measurement itself.
    remarks: tuple[str, ...]


def run(task: Task) -> Outcome:
    """Measure one side in a process of its own.

    What the app prints goes to stderr.

    :raises SideError: if the app can't be loaded or measured.
    """
    environ = dict(os.environ)
    if task.optimize and not task.has_extension:
        environ[f"{PREFIX}APP"] = task.app
    process = subprocess.Popen(  # noqa: S603 - this Python, and a module of this package
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environ,
        text=True,
        encoding="utf-8",
    )
    assert process.stdin is not None, "it is a pipe"
    assert process.stdout is not None, "it is a pipe"
    given = {**asdict(task), "sys_path": sys.path, "argv": sys.argv}
    try:
        process.stdin.write(json.dumps(given) + "\n")
        process.stdin.close()
        line = process.stdout.readline()
        if not line:
            raise SideError(f"the process ended with status {process.wait()}, and no result")
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:  # it has told its result
        process.kill()
    except BaseException:
        process.kill()
        raise
    finally:
        process.stdout.close()
        process.wait()
    found = json.loads(line)
    if "error" in found:
        raise SideError(found["error"])
    return Outcome(Side.from_dict(found["side"]), found["sessions"], tuple(found["remarks"]))


def main() -> None:
    """Do the task that is on stdin, and print its result."""
    given = json.loads(sys.stdin.readline())
    # What the app prints must not get between the lines of the result.
    result = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.path[:] = given.pop("sys_path")
    sys.argv = given.pop("argv")
    try:
        found = _done(Task(**given))
    except (ConfigurationError, SideError) as error:
        found = {"error": str(error)}
    except NoAppException as error:
        found = {"error": error.format_message()}
    with result:
        result.write(json.dumps(found) + "\n")


def _done(task: Task) -> Mapping[str, Any]:
    if not task.optimize:
        _switch_off()
    name = task.app if task.has_extension or not task.optimize else _WSGI
    app = ScriptInfo(app_import_path=name, set_debug_flag=False).load_app()
    state = app.extensions.get(EXTENSION)
    remarks = []
    if task.optimize:
        if state is None:
            raise SideError(
                f"{PREFIX}ENABLED is False, so there is nothing to compare. Leave it out."
            )
        state.cache_folder.keep_no_more()  # nothing is left on the disk
    if app.debug:
        remarks.append(
            "Debug mode is on, in which browsers are told to ask each time. Compare without it."
        )
    with ExitStack() as stack:
        try:
            counts = stack.enter_context(counted_sessions(app))
        except TypeError:
            remarks.append("The class of the session interface is compiled: its calls don't count.")
            counts = _uncounted
        side = measure(
            app,
            task.paths,
            task.rounds,
            counts,
            cookies=task.cookies,
            static_host=None if state is None else state.settings.host_url,
        )
    if state is not None:
        side = _with_rules(app, state, side)
    sessions = type(app.session_interface).__name__
    return {"side": side.as_dict(), "sessions": sessions, "remarks": remarks}


def _with_rules(app: Flask, state: AppState, side: Side) -> Side:
    """Return a side with what rules protect of its static files, and those for the others."""
    keys, protected = {}, []
    seen = side.sights[-1]
    for name in (*seen.assets, *seen.pages):
        found = matched(app, name.removeprefix(application_root(app)))
        endpoint = found and state.endpoints.get(found[0].endpoint)
        policy = endpoint.policy(found[1]) if found and endpoint else None
        if not (found and endpoint and policy):
            continue
        if endpoint.protects(policy):
            protected.append(name)
        else:
            keys[name] = folder_key(endpoint.name, found[1].get("filename"))
    return replace(side, keys=keys, protected=tuple(protected))


def _switch_off() -> None:
    """Let ``StaticOptimizer`` be switched off in this process, whatever the app's settings say."""
    read = Settings.from_config

    def read_as_off(config: Any) -> Settings:
        config[f"{PREFIX}ENABLED"] = False
        return read(config)

    setattr(Settings, "from_config", staticmethod(read_as_off))  # noqa: B010 - for mypy


def _uncounted() -> Counts:
    return Counts(0, 0)


if __name__ == "__main__":
    main()
