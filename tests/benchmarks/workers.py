"""Processes that are timed by turns.

Other work on a machine slows whoever runs at the moment, so neighbouring turns are compared, never
separate runs, and what is timed is the CPU time of the process, in user mode and in the kernel,
which waits for nobody. (So it leaves out what a session store takes for itself.)

Two apps in one interpreter would spoil its inline caches for each other and be slower than either
is alone, so each has a process of its own.
"""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import Pipe, Process
from typing import Any

#: CPU seconds that a turn takes: short beside what disturbs a machine, long beside its clock.
_TURN = 0.003

#: Calls before the first turn.
_WARM_UP = 200


@dataclass(frozen=True)
class Prepared:
    """The calls that a worker can time."""

    #: What is timed, by name.
    calls: Mapping[str, Callable[[], Any]]
    #: What is to be known of it.
    facts: Any = None


class Worker:
    """A process that times what it has prepared.

    :param prepare: a function of a module, run in the process with the arguments that follow.
    """

    def __init__(self, prepare: Callable[..., Prepared], *args: Any) -> None:
        self._orders, there = Pipe()
        self._process = Process(target=_serve, args=(there, prepare, args), daemon=True)
        self._process.start()
        # What the process held alone ends with it, and a failure in there is seen here.
        there.close()
        self.facts = self._orders.recv()

    def time(self, call: str, count: int) -> float:
        """Return the CPU seconds for one call, the mean of so many."""
        self._orders.send((call, count))
        seconds: float = self._orders.recv()
        return seconds

    def close(self) -> None:
        # A closed pipe would not tell it: processes that were started later hold the pipe, too.
        with contextlib.suppress(BrokenPipeError):
            self._orders.send(None)
        self._process.join()


def _serve(orders: Any, prepare: Callable[..., Prepared], args: Sequence[Any]) -> None:
    prepared = prepare(*args)
    orders.send(prepared.facts)
    while order := orders.recv():
        name, count = order
        call = prepared.calls[name]
        start = time.process_time()
        for _ in range(count):
            call()
        orders.send((time.process_time() - start) / count)


@contextmanager
def working(
    prepare: Callable[..., Prepared], args: Mapping[str, Sequence[Any]]
) -> Iterator[dict[str, Worker]]:
    """Run workers by name, each with arguments of its own."""
    with ExitStack() as stack:
        workers = {}
        for name, its in args.items():
            workers[name] = Worker(prepare, *its)
            stack.callback(workers[name].close)
        yield workers


def by_turns(workers: Mapping[str, Worker], call: str, rounds: int) -> dict[str, list[float]]:
    """Let workers take turns: CPU seconds for one call, by worker, one figure a round."""
    found: dict[str, list[float]] = {name: [] for name in workers}
    # The first calls are slower, and say how many make a turn.
    counts = {
        name: max(int(_TURN / max(worker.time(call, _WARM_UP), 1e-9)), 10)
        for name, worker in workers.items()
    }
    for turn in range(rounds):
        for name in rotated(list(workers), turn):
            found[name].append(workers[name].time(call, counts[name]))
    return found


def rotated(names: list[str], turn: int) -> list[str]:
    """Rotate the order with the round, so that none has the better place."""
    place = turn % len(names)
    return names[place:] + names[:place]


def ratio(these: Sequence[float], others: Sequence[float]) -> float:
    """Return the median of the ratios of neighbouring turns."""
    return statistics.median(this / other for this, other in zip(these, others, strict=True))
