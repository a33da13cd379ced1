"""Real applications as judges: they must not notice the extension.

    python tests/realapps [NAME ...] [--quick] [--keep DIR] [--write]

Needs ``pip install --group realapps``, Chromium and PyPI. Each application is installed from PyPI
into an environment of its own, unmodified, and is loaded in a browser twice with a log-in: without
the extension, with it, and with ``STATIC_OPTIMIZER_EXPRESS``. The command exits with 1 if an
application can't be looked at, or looks or answers differently. ``--quick`` takes the two
quickest; ``--write`` puts the table into ``docs/real-apps.md``.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

# The browser and the ports are those of the tests.
sys.path.append(str(Path(__file__).parents[1]))

import cpu
import report
from application import Application
from apps import APPLICATIONS
from compare import differences, largest_share
from environment import Environment
from recorder import Recorder
from report import Found, Verdict
from server import WAYS, Scene
from visit import Visit, visit

from browser.chromium import started


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("names", nargs="*", metavar="NAME", help="such as calibre-web")
    arguments.add_argument("--quick", action="store_true", help="the two quickest")
    arguments.add_argument("--keep", type=Path, metavar="DIR", help="work here, and leave it")
    arguments.add_argument("--write", action="store_true", help="refresh docs/real-apps.md")
    options = arguments.parse_args()
    unknown = set(options.names) - {app.name for app in APPLICATIONS}
    if unknown:
        names = [app.name for app in APPLICATIONS]
        arguments.error(f"no such application: {sorted(unknown)}; there is {names}")
    if options.write and (options.names or options.quick):
        arguments.error("--write wants all applications")
    chosen = [
        app
        for app in APPLICATIONS
        if (app.name in options.names or not options.names) and (app.quick or not options.quick)
    ]
    with ExitStack() as stack:
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        verdicts = [judge(app, folder.resolve() / _slug(app)) for app in chosen]
    print(f"\n{report.table(verdicts)}")
    if options.write:
        minutes = sum(verdict.seconds for verdict in verdicts) / 60
        about = f"One run of {minutes:.0f} minutes, Python {platform.python_version()}."
        report.write(verdicts, about)
    faults = [verdict.name for verdict in verdicts if verdict.fault]
    if faults:
        print(f"Not looked at: {', '.join(faults)}.")
    differ = any(found.differences for verdict in verdicts for found in verdict.ways.values())
    return 1 if faults or differ else 0


def judge(app: Application, folder: Path) -> Verdict:
    """Look at an application in all ways."""
    began = time.monotonic()
    verdict = Verdict(app.name, app.packages[0].partition("==")[2])
    try:
        environment = Environment(app, folder / "environment")
        environment.make()
        verdict.installing = time.monotonic() - began
        scene = Scene(environment, folder)
        scene.prepare()
        for way in WAYS:
            verdict.ways[way] = Found(look(scene, way, folder))
            if way == "without":
                check(app, verdict.ways[way].visits)
        compare(verdict, folder)
        measure(verdict, scene)
    except Exception as error:  # noqa: BLE001  # the other applications are looked at all the same
        verdict.fault = f"{type(error).__name__}: {error}"
    verdict.seconds = time.monotonic() - began
    say(verdict)
    return verdict


def look(scene: Scene, way: str, folder: Path) -> list[Visit]:
    """Visit an application twice with one browser."""
    scene.restore()
    app = scene.application
    pictures = folder / "pictures" / way
    with (
        tempfile.TemporaryDirectory(prefix="profile-") as profile,
        scene.started(way) as server,
        started(Path(profile), Recorder) as browser,
    ):
        browser.quiet = app.quiet
        browser.send_headers(app.headers)
        first = visit(browser, server, app, pictures / "first", first=True)
        return [first, visit(browser, server, app, pictures / "second", first=False)]


def check(app: Application, visits: list[Visit]) -> None:
    """Make sure that the pages are those of somebody who is logged in.

    :raises RuntimeError: if not: walls would be compared with walls.
    """
    for visited in visits:
        text = "\n".join(sorted(visited.pages[app.pages[0]].text))
        if app.inside not in text:
            raise RuntimeError(f"{app.pages[0]} does not show {app.inside!r}:\n{text[:2000]}")


def compare(verdict: Verdict, folder: Path) -> None:
    """Note what each way has that the plain one has not, and the reverse."""
    plain = verdict.ways["without"].visits
    for way, found in verdict.ways.items():
        log = (folder / f"{way}.log").read_text("utf-8", "replace")
        found.told = [line for line in log.splitlines() if "static_optimizer" in line]
        if way != "without":
            found.differences = differences(plain, found.visits)
            shares = [
                largest_share(page, [one.pages[name] for one in plain if name in one.pages])
                for visit in found.visits
                for name, page in visit.pages.items()
            ]
            found.pixels = max(shares)


def measure(verdict: Verdict, scene: Scene) -> None:
    """Measure the CPU time of one stylesheet that all ways load, and that is a file.

    One of a static folder comes first: what views of the application send is left to them.
    """
    ways = verdict.ways
    paths: dict[str, dict[str, str]] = {way: {} for way in ways}
    for way, found in ways.items():
        for url in found.visits[0].stylesheets:
            path = cpu.path_of(url)
            paths[way].setdefault(path.partition("?")[0], path)
    common = [path for path in paths["without"] if all(path in those for those in paths.values())]
    headers = {
        way: {**scene.application.headers, "Cookie": found.visits[-1].cookie_header}
        for way, found in ways.items()
    }
    with ExitStack() as stack:
        servers = {way: stack.enter_context(scene.started(way)) for way in ways}
        files = [
            path
            for path in common
            if cpu.is_file(servers["without"], paths["without"][path], headers["without"])
        ]
        if not files:
            return
        plain = partial(cpu.is_in_folder, servers["without"], headers=headers["without"])
        files.sort(key=lambda path: not plain(paths["without"][path]))
        asked = {way: those[files[0]] for way, those in paths.items()}
        for way, measured in cpu.measure(servers, asked, headers).items():
            ways[way].cpu = measured


def say(verdict: Verdict) -> None:
    """Print what was found of an application."""
    times = f"{verdict.seconds:.0f} s, {verdict.installing:.0f} s of them for packages"
    print(f"\n{verdict.name} {verdict.version} ({times})")
    if verdict.fault:
        print(f"  NOT LOOKED AT: {verdict.fault}")
    for way, found in verdict.ways.items():
        if way != "without" and not verdict.fault:
            print(f"  {way}: {len(found.differences)} differences")
        for difference in found.differences:
            print(f"    DIFFERS {difference}")
        for line in dict.fromkeys(found.told):
            print(f"    told: {line}")
    sys.stdout.flush()


def _slug(app: Application) -> str:
    return app.name.lower().replace(" ", "-")


if __name__ == "__main__":
    sys.exit(main())
