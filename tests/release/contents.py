"""The check that an sdist has every file of the tree, and a wheel the package alone.

::

    git ls-files | python tests/release/contents.py DIST
"""

from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

PACKAGE = "src/flask_static_optimizer/"


def main() -> None:
    (sdist,), (wheel,) = (list(Path(sys.argv[1]).glob(name)) for name in ("*.tar.gz", "*.whl"))
    tree = set(sys.stdin.read().splitlines())
    with tarfile.open(sdist) as archive:
        files = {
            PurePosixPath(*PurePosixPath(member.name).parts[1:]).as_posix()
            for member in archive.getmembers()
            if member.isfile()
        }
    compare("sdist", files - {"PKG-INFO"}, tree)
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    package = {name.removeprefix("src/") for name in tree if name.startswith(PACKAGE)}
    compare("wheel", names, package)
    print(f"{len(files)} files in the sdist, {len(names)} of the package in the wheel.")


def compare(what: str, there: set[str], wanted: set[str]) -> None:
    missing, foreign = sorted(wanted - there), sorted(there - wanted)
    assert not missing, f"the {what} lacks {missing}"
    assert not foreign, f"the {what} has {foreign}, which the tree has not"


if __name__ == "__main__":
    main()
