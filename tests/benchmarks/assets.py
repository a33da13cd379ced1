"""What a static file costs, as a ratio to plain Flask, and start-up as one to WhiteNoise.

    python tests/benchmarks/assets.py [--quick]

Both sides of each ratio run by turns in one process, as machines are noisy.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import timeit
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask, session, url_for
from werkzeug.test import create_environ

from flask_static_optimizer import StaticOptimizer

QUICK = "--quick" in sys.argv
SIZES = {
    "10 KB css": ("a.css", 10_000),
    "200 KB js": ("b.js", 200_000),
    "1 MB png": ("c.png", 10**6),
}


def make_app(root: Path, *, optimize: bool) -> Flask:
    app = Flask("benchmark", root_path=str(root))
    app.config.update(SECRET_KEY="benchmark", STATIC_OPTIMIZER_CACHE_DIR=str(root / "kept"))

    @app.get("/in")
    def log_in() -> str:
        session.permanent = True
        session["user"] = "ada"
        return ""

    if optimize:
        StaticOptimizer(app)
    return app


def ask(app: Flask, environ: dict[str, Any]) -> dict[str, str]:
    said: dict[str, str] = {}

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
        said.update(headers, status=status[:3])

    body = app(dict(environ), start_response)
    for _ in body:
        pass
    close = getattr(body, "close", None)
    if close is not None:
        close()
    return said


def ratio(ours: Callable[[], Any], theirs: Callable[[], Any], number: int = 60) -> float:
    """The median of the ratios of rounds that follow each other."""
    found = []
    for _ in range(7 if QUICK else 15):
        mine, other = (min(timeit.repeat(run, number=number, repeat=3)) for run in (ours, theirs))
        found.append(mine / other)
    return statistics.median(found)


def compare_files(root: Path) -> None:
    plain, ours = make_app(root, optimize=False), make_app(root, optimize=True)
    print("cost of a request, ours / plain Flask's:")
    for cookie in (False, True):
        print(f"  {'with a permanent session' if cookie else 'without a session'}")
        sent = {}
        for app in (plain, ours):
            said = ask(app, create_environ("/in"))
            sent[app] = {"HTTP_COOKIE": said["Set-Cookie"].split(";")[0]} if cookie else {}
        for label, (name, _) in SIZES.items():
            path = f"/static/{name}"
            cells = []
            for status in ("200", "304", "206"):
                runs = []
                for app in (ours, plain):
                    environ = {**create_environ(path), **sent[app]}
                    if status == "304":
                        environ["HTTP_IF_NONE_MATCH"] = ask(app, environ)["ETag"]
                    if status == "206":
                        environ["HTTP_RANGE"] = "bytes=100-199"
                    assert ask(app, environ)["status"] == status
                    runs.append(lambda app=app, environ=environ: ask(app, environ))
                cells.append(f"{status}: {ratio(*runs):.2f}")
            print(f"    {label:<10} {'  '.join(cells)}")


def compare_counts(root: Path) -> None:
    print("a look-up by the number of files (ours with that many / with 10):")
    counts = (10, 1000) if QUICK else (10, 100, 1000, 10_000, 100_000)
    apps = {}
    for count in counts:
        folder = root / str(count)
        for number in range(count):
            path = folder / "static" / str(number // 1000) / f"{number}.css"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"a { b: c }")
        apps[count] = make_app(folder, optimize=True)
    time.sleep(2.1)  # until the files count as settled

    def look_up(count: int) -> None:
        ask(apps[count], create_environ(f"/static/{(count - 1) // 1000}/{count - 1}.css"))

    def build_url(count: int) -> None:
        with apps[count].test_request_context():
            for number in range(10):
                url_for("static", filename=f"0/{number}.css")

    for count in counts[1:]:
        got = ratio(lambda count=count: look_up(count), lambda: look_up(10))
        built = ratio(lambda count=count: build_url(count), lambda: build_url(10))
        print(f"  {count:>7,} files: GET {got:.2f}  url_for {built:.2f}")


START = """
import os, sys, time
from flask import Flask
from werkzeug.test import create_environ
import flask_static_optimizer, whitenoise
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
root, ours = sys.argv[1], sys.argv[2] == "ours"
app = Flask("start", root_path=root)
app.config["STATIC_OPTIMIZER_CACHE_DIR"] = root + "/kept"
list(app(create_environ("/none"), lambda *_: None))
app = Flask("start", root_path=root)
app.config["STATIC_OPTIMIZER_CACHE_DIR"] = root + "/kept"
memory, begin = resident(), time.perf_counter()
if ours:
    flask_static_optimizer.StaticOptimizer(app)
else:
    app.wsgi_app = whitenoise.WhiteNoise(app.wsgi_app, root=root + "/static", prefix="static/")
for chunk in app(create_environ("/static/0/1.css"), lambda *_: None): pass
print(time.perf_counter() - begin, resident() - memory)
"""


def compare_start(root: Path) -> None:
    count = 1000 if QUICK else 10_000
    folder = root / str(count)
    rounds = []
    for _ in range(3 if QUICK else 7):
        pair = []
        for side in ("ours", "theirs"):
            output = subprocess.check_output([sys.executable, "-c", START, str(folder), side])
            pair.append([float(word) for word in output.split()])
        rounds.append(pair)
    seconds = statistics.median(mine[0] / other[0] for mine, other in rounds)
    kilobytes = [statistics.median(pair[side][1] for pair in rounds) for side in (0, 1)]
    print(f"start and first request with {count:,} files, ours / WhiteNoise's: {seconds:.3f}")
    print(f"  resident memory grew by {kilobytes[0]:,.0f} and {kilobytes[1]:,.0f} KB")


def main() -> None:
    print(f"Python {platform.python_version()}, {os.cpu_count()} CPUs")
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "static").mkdir()
        for file, size in SIZES.values():
            (root / "static" / file).write_bytes(b"body { color: red }\n" * (size // 20))
        time.sleep(2.1)
        compare_files(root)
        compare_counts(root)
        compare_start(root)


if __name__ == "__main__":
    main()
