"""The demo's static files, as they change from deploy to deploy."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

#: The files that a deploy changes: a stylesheet, and a module that another one imports.
STYLESHEET = "css/demo.css"
MODULE = "js/version.js"
CHANGED = (STYLESHEET, MODULE)

#: A badge beside the name in the navigation bar, which shows the version of the file.
_BADGE = """
.navbar-brand::after {{
  padding: 0.1em 0.5em;
  border-radius: 1em;
  background: hsl({hue} 70% 38%);
  color: #fff;
  content: "version {version}";
  font-size: 0.75rem;
}}
"""


class Deployment:
    """A copy of the app's static folder that changes with each deploy.

    :param folder: the copy. Apps that serve it notice a change at their next check of the file.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.version = 1
        self._original = (folder / STYLESHEET).read_text()
        self._lock = Lock()

    def change(self) -> int:
        """Replace the files with new versions, as deploy tools do.

        :returns: the number of the new version.
        """
        with self._lock:
            self.version += 1
            badge = _BADGE.format(version=self.version, hue=self.version * 67 % 360)
            self._replace(STYLESHEET, self._original + badge)
            self._replace(MODULE, f"export const version = {self.version};\n")
            return self.version

    def _replace(self, name: str, text: str) -> None:
        path = self.folder / name
        new = path.with_name(path.name + ".new")
        new.write_text(text)
        os.replace(new, path)


@contextmanager
def deployed() -> Iterator[Deployment]:
    """Make a deployment in a temporary folder, which is removed at the end."""
    with TemporaryDirectory(prefix="flask-static-optimizer-") as parent:
        folder = Path(parent, "static")
        shutil.copytree(Path(__file__).with_name("static"), folder)
        yield Deployment(folder)
