"""The HTTP cache test suite of cache-tests.fyi as judge of the stored responses.

``python tests/cache_suite`` installs the npm package ``http-cache-tests`` into a folder of its own,
starts its origin server, and behind gunicorn an app whose one stored view forwards everything
there. Then it runs the suite's client against the app. It prints how many of the required tests
pass, and which are red: the tests that they depend on pass, and they do not. It exits with 1 if
that is worse than ``record.json``, which also says why the red ones are.

Node.js with npm has to be there. Nothing of the suite is in this tree.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))  # as pytest has it

from wsgi_servers import KINDS, running  # noqa: E402

RECORD = HERE / "record.json"

#: The suite, and the client that it asks with.
PACKAGES = {"http-cache-tests": "0.4.5", "node-fetch": "2.7.0"}

#: Tests that run at the same time. Most of their time they wait for a response to become stale.
AT_ONCE = 50

#: Seconds for the installation, and for all tests. They take an eighth of that.
INSTALLS, RUNS = 300, 300

#: The suite pauses for 3 s between requests. A server that ends connections meanwhile would make
#: requests fail that are sent at that moment.
GUNICORN = "--keep-alive=30"


class Verdict(NamedTuple):
    """What became of the required tests."""

    required: int
    passed: int
    #: The tests that failed although those that they depend on passed, each with why.
    red: dict[str, str]
    #: How many tests of each kind passed, such as ``optimal``.
    kinds: Mapping[str, int]


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--keep", type=Path, metavar="DIR", help="work here, and leave it")
    arguments.add_argument("--all", action="store_true", help="print every test that fails")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.keep or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        install(folder)
        tests = run(folder)
    if options.all:
        for test in tests:
            if test["result"] is not True:
                print(f"{test['kind']:8}  {test['id']}: {': '.join(test['result'])}")
    verdict = judge(tests)
    print(f"{verdict.passed} of {verdict.required} required tests pass, {len(verdict.red)} are red")
    for test, why in verdict.red.items():
        print(f"  red: {test}: {why}")
    print("also pass: " + ", ".join(f"{count} {kind}" for kind, count in verdict.kinds.items()))
    return tell_worse(verdict)


def install(folder: Path) -> None:
    """Install the suite, unless the folder has it."""
    if (folder / "node_modules").exists():
        return
    (folder / "package.json").write_text(json.dumps({"private": True, "dependencies": PACKAGES}))
    command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(command, cwd=folder, check=True, timeout=INSTALLS)


def run(folder: Path) -> list[dict[str, Any]]:
    """Return what the suite's client says of each test."""
    paths = [str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])]
    variables = {"PYTHONPATH": os.pathsep.join(paths), "GUNICORN_CMD_ARGS": GUNICORN}
    with (
        running(partial(origin, folder), HERE, folder / "origin.log", {}) as server,
        running(
            partial(KINDS["gunicorn gthread"].command, "forwarder:app"),
            HERE,
            folder / "app.log",
            {**variables, "ORIGIN_PORT": str(server.port)},
        ) as app,
    ):
        base = f"http://127.0.0.1:{app.port}"
        done = subprocess.run(
            ["node", "--no-warnings", str(HERE / "run.mjs")],
            cwd=folder,
            env={**os.environ, "BASE_URL": base, "AT_ONCE": str(AT_ONCE)},
            stdout=subprocess.PIPE,
            check=True,
            timeout=RUNS,
        )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def origin(folder: Path, port: int) -> list[str]:
    """Return the command that starts the suite's origin server, which reads npm's variables."""
    config = {"protocol": "http", "port": port, "pidfile": folder / "origin.pid"}
    variables = [f"npm_config_{name}={value}" for name, value in config.items()]
    program = folder / "node_modules/http-cache-tests/server/server.mjs"
    return ["env", *variables, "node", "--no-warnings", str(program)]


def judge(tests: list[dict[str, Any]]) -> Verdict:
    """Sum up the tests as cache-tests.fyi does."""
    by_id = {test["id"]: test for test in tests}

    def is_met(test: dict[str, Any]) -> bool:
        return all(
            by_id[name]["result"] is True and is_met(by_id[name]) for name in test["dependsOn"]
        )

    required = [test for test in tests if test["kind"] == "required"]
    return Verdict(
        len(required),
        sum(test["result"] is True for test in required),
        {
            test["id"]: test["result"][1]
            for test in required
            # A failure in a test's own preparation says nothing about what it tests.
            if test["result"] is not True and test["result"][0] != "Setup" and is_met(test)
        },
        Counter(test["kind"] for test in tests if test["result"] is True),
    )


def tell_worse(verdict: Verdict) -> int:
    """Print what is worse than the record, and return 1 if anything is."""
    record = json.loads(RECORD.read_text("utf-8"))
    more_red = verdict.red.keys() - set(record["red"])
    worse = [f"{name} was not red before" for name in sorted(more_red)]
    if verdict.required != record["required"]:
        worse.append(f"it was {record['required']} required tests: record anew")
    if verdict.passed < record["passed"]:
        worse.append(f"{record['passed']} passed before")
    for line in worse:
        print(f"WORSE: {line}")
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
