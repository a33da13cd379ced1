"""The memory of files' bytes, used by several threads."""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

from flask_static_optimizer.assets.memory import Memory


class Derived:
    """Nothing that is made of an asset."""

    body = variants = None
    used = 0
    is_wanted = is_read_each_time = False

    def let_go(self) -> None:
        """Have nothing to let go of."""


class Thing:
    """An asset of a thousand bytes."""

    body = b"x"
    size = 1000

    def __init__(self) -> None:
        self.derived = Derived()

    def weight(self) -> int:
        return 1000

    def forget(self) -> None:
        """Be no folder's."""


def test_use_and_release_at_once() -> None:
    """The order of use may change while the one that was used longest ago is looked for."""
    memory = Memory(100_000)
    things: list[Any] = [Thing() for _ in range(300)]
    for thing in things[:90]:
        memory.hold(thing)
    errors: list[BaseException] = []
    stop = time.monotonic() + 1.5
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    def use() -> None:
        turn = 0
        while time.monotonic() < stop:
            memory.touch(things[turn % 300])
            turn += 1

    def hold() -> None:
        turn = 0
        try:
            while time.monotonic() < stop:
                memory.hold(things[turn % 300])
                turn += 1
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=target) for target in (use, use, hold)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert errors == []
