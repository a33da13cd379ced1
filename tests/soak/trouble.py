"""What disturbs the app: files that change, workers that end, a Valkey that does not answer."""

from __future__ import annotations

import itertools
import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import content
import psutil
from counts import Counts
from redis import Redis
from versions import ALLOWANCE, Hiccup, Versions

from wsgi_servers import RunningServer

#: Seconds between two changes of files.
_DEPLOY = 0.4

#: Seconds between two other troubles. A worker that ends with a purge that it could not send loses
#: it (``docs/limits.md``), so none is ended before the purges of a hiccup have been sent.
_APART = ALLOWANCE + 2

#: Seconds for which the Valkey does not answer: longer than the timeouts of the purges before and
#: after a response (1 s each), so that both fail.
_HICCUP = 3.0

#: Seconds in which a worker that was told to end has ended: gunicorn waits 30 for its requests.
_GRACE = 60.0

#: Seconds after a worker has ended in which clients may still notice.
_NOTICED = 1.0


class Restarts:
    """A record of when workers ended."""

    def __init__(self) -> None:
        self._times: list[list[float]] = []

    @contextmanager
    def ending(self) -> Iterator[None]:
        """Record that workers end in a ``with`` block."""
        time_of_it = [time.monotonic(), float("inf")]
        self._times.append(time_of_it)
        try:
            yield
        finally:
            time_of_it[1] = time.monotonic() + _NOTICED

    def since(self, begin: float) -> bool:
        """Return whether a worker has ended since a monotonic time."""
        return any(begin <= end for _, end in self._times)


def replace_files(folder: Path, versions: Versions, counts: Counts, stop: Event) -> None:
    """Replace one file after the other, by renaming, until it is told to stop."""
    while not stop.wait(_DEPLOY):
        path = random.choice(list(content.FILES))
        put_file(folder, path, versions)
        counts.other("troubles: files replaced")


def put_file(folder: Path, path: str, versions: Versions) -> None:
    """Put the next version of a file into its place."""
    version = versions.next(path)
    target = folder / path.removeprefix("/").replace("shop/static", "shop")
    new = folder / "next"
    new.write_bytes(content.file_body(path, version))
    versions.announce(path, version)
    target.parent.mkdir(parents=True, exist_ok=True)
    new.replace(target)
    versions.replaced(path)


def disturb(
    server: RunningServer,
    redis: Redis,
    versions: Versions,
    restarts: Restarts,
    counts: Counts,
    stop: Event,
) -> None:
    """Kill and restart workers and halt the Valkey, by turns, until it is told to stop."""

    def kill() -> None:
        _, *workers = server.processes()
        worker = random.choice(workers)
        with restarts.ending():
            worker.send_signal(signal.SIGKILL)
            psutil.wait_procs([worker], _GRACE)

    def reload() -> None:
        master, *workers = server.processes()
        with restarts.ending():
            master.send_signal(signal.SIGHUP)
            psutil.wait_procs(workers, _GRACE)

    def pause() -> None:
        begin = time.monotonic()
        redis.client_pause(int(_HICCUP * 1000))
        versions.hiccups.append(Hiccup(begin, time.monotonic() + _HICCUP))

    def halt() -> None:
        process = int(redis.info("server")["process_id"])
        begin = time.monotonic()
        # It is entered before it happens, as answers come meanwhile, and corrected in the end.
        versions.hiccups.append(Hiccup(begin, begin + 10 * _HICCUP))
        os.kill(process, signal.SIGSTOP)
        try:
            time.sleep(_HICCUP)
        finally:
            os.kill(process, signal.SIGCONT)
        versions.hiccups[-1] = Hiccup(begin, time.monotonic())

    troubles = {
        "a worker killed": kill,
        "the Valkey paused": pause,
        "workers reloaded": reload,
        "the Valkey stopped": halt,
    }
    for name, cause in itertools.cycle(troubles.items()):
        if stop.wait(_APART):
            return
        cause()
        counts.other(f"troubles: {name}")
