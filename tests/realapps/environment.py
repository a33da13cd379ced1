"""A virtual environment for an application, with the extension from this checkout in it."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

from application import Application

CHECKOUT = Path(__file__).parents[2]

#: What serves the applications. MLflow wants one before 27.
SERVER = ("gunicorn>=23,<28",)


class Environment:
    """An application's packages, installed in a folder of their own."""

    def __init__(self, application: Application, folder: Path) -> None:
        self.folder = folder
        self.application = application

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    def make(self) -> None:
        """Install everything, unless it is there from a run before."""
        wanted = "\n".join([sys.version, *self.application.packages, *SERVER, str(CHECKOUT)])
        stamp = self.folder / "installed.txt"
        if stamp.exists() and stamp.read_text("utf-8") == wanted:
            return
        venv.create(self.folder, clear=True, with_pip=True)
        # pip resolves all at once, so that what the extension requires is there, too.
        pip = [self.python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        what = [*self.application.packages, *SERVER, "-e", str(CHECKOUT)]
        done = subprocess.run(
            [*pip, *what],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=900,
        )
        if done.returncode:
            raise RuntimeError(f"pip can't install {self.application.name}:\n{done.stdout[-3000:]}")
        stamp.write_text(wanted, "utf-8")

    @property
    def site_packages(self) -> Path:
        (found,) = self.folder.glob("lib/python*/site-packages")
        return found
