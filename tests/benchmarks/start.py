"""Start one peer over a folder and answer one request: prints CPU seconds, and kilobytes of growth.

``python tests/benchmarks/start.py PEER FOLDER`` runs in a process of its own, as an app does.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import psutil
from peers import PEERS, Site
from visitor import Visitor


def main() -> None:
    name, folder = sys.argv[1:]
    peer, process = PEERS[name], psutil.Process()
    # What is imported, and made once in a process, is no growth.
    empty = Path(folder) / "empty"
    (empty / "static").mkdir(parents=True, exist_ok=True)
    Visitor(peer.make(Site(empty)), logged_in=False).ask("/none")
    before, begin = process.memory_info().rss, time.process_time()
    visitor = Visitor(peer.make(Site(Path(folder))), logged_in=False)
    answer = visitor.ask("/static/0/1.css")
    seconds = time.process_time() - begin
    if answer.status != 200:
        raise RuntimeError(f"{name} answers {answer.status}")
    print(seconds, (process.memory_info().rss - before) / 1024)


if __name__ == "__main__":
    main()
