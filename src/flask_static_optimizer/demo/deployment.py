"""The demo's static files, as they change from deploy to deploy."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

#: What a deploy changes.
CHANGED = "css/demo.css"

#: A badge beside the name in the navigation bar, so that one sees which version is there.
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

    :param folder: the copy. Apps that serve it see the change at their next look.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.version = 1
        self._original = (folder / CHANGED).read_text()
        self._lock = Lock()

    def change(self) -> int:
        """Put a new version of one file in place of the old one, as deploy tools do.

        :return: the number of the version that is there now.
        """
        with self._lock:
            self.version += 1
            badge = _BADGE.format(version=self.version, hue=self.version * 67 % 360)
            path = self.folder / CHANGED
            new = path.with_name(path.name + ".new")
            new.write_text(self._original + badge)
            os.replace(new, path)
            return self.version


@contextmanager
def deployed() -> Iterator[Deployment]:
    """A fresh copy in a temporary folder."""
    with TemporaryDirectory(prefix="flask-static-optimizer-") as parent:
        folder = Path(parent, "static")
        shutil.copytree(Path(__file__).with_name("static"), folder)
        yield Deployment(folder)
