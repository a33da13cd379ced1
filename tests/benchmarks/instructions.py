"""The instructions that a request takes, counted by valgrind where that is installed.

Unlike times they come out the same whatever else the machine does.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from peers import Site

#: Requests before a process is split off that counts, the first ones in that, and those counted.
_BEFORE, _FIRST, _COUNTED = 30, 10, 50

#: An app, as a folder, a set of hooks and a way; then the cases that it is asked.
Asked = tuple["Site", str, str, Sequence[str]]


def count(asked: Sequence[Asked]) -> Mapping[str, Mapping[str, Mapping[str, float]]]:
    """Count the instructions for a request in user mode, by set of hooks, case and way.

    :returns: nothing if there is no valgrind.
    """
    if shutil.which("valgrind") is None:
        return {}
    orders = [(str(site.folder), hooks, way, list(cases)) for site, hooks, way, cases in asked]
    # Counts do not suffer from what runs beside, so all CPUs count.
    cpus = os.cpu_count() or 1
    with ThreadPoolExecutor(cpus) as pool:
        lines = [
            line for said in pool.map(_run, (orders[i::cpus] for i in range(cpus))) for line in said
        ]
    counts = {(hooks, case, way): number for hooks, case, way, number in map(json.loads, lines)}
    found: dict[str, dict[str, dict[str, float]]] = {}
    for _, hooks, way, cases in asked:  # in the order in which they are to be shown
        for case in cases:
            number = counts[hooks, case, way]
            found.setdefault(hooks, {}).setdefault(case, {})[way] = number
    return found


def _run(orders: Sequence[Any]) -> list[str]:
    """Run this module under valgrind; return the lines that it prints."""
    with tempfile.TemporaryDirectory() as name:
        command = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--log-file=/dev/null"]
        command += [f"--cachegrind-out-file={name}/%p", sys.executable, __file__, name]
        said = subprocess.run(
            command,
            input=json.dumps(orders),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": "0"},
        )
    return said.stdout.splitlines()


def main() -> None:
    """Count under valgrind, which writes what a process took when it ends."""
    from hooked import prepare
    from peers import Site

    folder = Path(sys.argv[1])
    for site, hooks, way, cases in json.load(sys.stdin):
        # A process for each app, as two would spoil the interpreter's inline caches for each other.
        def ask(site: str = site, hooks: str = hooks, way: str = way, cases: Any = cases) -> None:
            calls = prepare(Site(Path(site)), hooks, way).calls
            gc.collect()
            gc.disable()
            for case in cases:
                _call(calls[case], _BEFORE)
                # What the parent did counts for a child, too, so it does nothing between the two.
                few = _split_off(lambda case=case: _call(calls[case], _FIRST))
                more = _split_off(lambda case=case: _call(calls[case], _FIRST + _COUNTED))
                number = (_instructions(folder, more) - _instructions(folder, few)) / _COUNTED
                print(json.dumps([hooks, case, way, number]), flush=True)

        _instructions(folder, _split_off(ask))


def _call(call: Callable[[], Any], times: int) -> None:
    for _ in range(times):
        call()


def _split_off(run: Callable[[], None]) -> int:
    """Run a function in a process of its own; return the number of that when it has ended."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            run()
            status = 0
        except BaseException:  # noqa: BLE001 - the child must not go on as if it were the parent
            traceback.print_exc()
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    if status:
        raise RuntimeError(f"a process ended with {status}")
    return child


def _instructions(folder: Path, process: int) -> int:
    """Return the instructions that a process took until it ended, those of its parent included."""
    file = folder / str(process)
    _, _, last = file.read_text().rpartition("summary:")
    file.unlink()
    return int(last.split()[0])


if __name__ == "__main__":
    main()
