"""The folder of an export, whose manifest says which of its files an export wrote."""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
from collections.abc import Iterable, Mapping, Set
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from werkzeug.security import safe_join

from ..writing import Written, etag_of, write_verified
from .journal import WORK, Journal, OccupiedError

_MADE_BY = "flask static export"


class TakenError(Exception):
    """An error for a path at which the same export has written other bytes."""


class NotAManifestError(Exception):
    """An error for a file at the manifest's place that no export wrote."""


class Finished(NamedTuple):
    """The paths of the files that were removed, and of those that no export wrote."""

    removed: list[str]
    #: Those of ``removed`` that belong to what this export leaves out.
    withdrawn: list[str]
    foreign: list[str]


class Withdrawal(Protocol):
    """A record of what the export leaves out."""

    def has(self, path: str, assets: Iterable[tuple[str, str]]) -> bool:
        """Return whether what an earlier export wrote to a path belongs to what is left out."""


class ExportFolder:
    """A folder into which static files are exported, each under the path of its URL.

    Each file is noted in a journal before it is put into place. So an export knows its own files
    from those of others after one that was interrupted, too.

    :param folder: the absolute path.
    :param manifest: the file name of the manifest, in the folder.
    :raises NotAManifestError: if the file of that name is no manifest of an export.
    :raises OccupiedError: if the folder for unfinished files is a symbolic link.
    :raises OSError: if the folder can't be made or read.
    """

    def __init__(self, folder: Path, manifest: str) -> None:
        self._folder = Path(os.path.realpath(folder))
        self._manifest = manifest
        self._journal = Journal(self._folder, manifest)
        #: The ETags that exports wrote to each path.
        self._ours: dict[str, set[str]] = {}
        #: The files of this export.
        self._files: dict[str, dict[str, Any]] = {}
        self._written: dict[str, Written] = {}
        #: The endpoints and names that the manifest of the earlier export gives for each path.
        self._assets: dict[str, set[tuple[str, str]]] = {}
        self.count_written = 0
        self._read_manifest()
        for path, etag in self._journal.resume():
            self._claim(path, etag)

    @property
    def earlier_endpoints(self) -> Set[str]:
        """The endpoints whose files the earlier export has written."""
        return {endpoint for assets in self._assets.values() for endpoint, _ in assets}

    @property
    def count(self) -> int:
        """The number of files of this export."""
        return len(self._files)

    def is_possible(self, path: str) -> bool:
        """Return whether a file can have a path, relative to the folder, with slashes."""
        return (
            posixpath.normpath(path) == path
            and path not in (".", self._manifest)
            and path.partition("/")[0] != WORK
            and safe_join(str(self._folder), path) is not None
        )

    def put(
        self, path: str, etag: str, body: Iterable[bytes], headers: Mapping[str, str]
    ) -> Written:
        """Write a file, unless it is there with the same bytes.

        :param path: where, relative to the folder, with slashes.
        :param etag: the 32 hexadecimal characters of the ETag.
        :param body: the chunks of the body.
        :param headers: the header fields that belong to the file.
        :raises OccupiedError: if the path belongs to something else, which is left alone.
        :raises TakenError: if this export has written other bytes there.
        :raises ChangedBytesError: if the ETag is not that of the bytes.
        :raises OSError: if it can't be written.
        """
        place = self._folder / path
        if path in self._files:
            if self._files[path]["etag"] != etag:
                raise TakenError(f"{path!r} is another file's bytes, compressed")
            return self._written[path]
        if self._leads_out(place):
            raise OccupiedError(
                f"a symbolic link stands in the way to {str(place)!r}; move it away, or export"
                " into another folder"
            )
        there = os.path.lexists(place)
        if there and path not in self._ours:
            raise OccupiedError(
                f"{str(place)!r} was not written by an export; move it away, or export into"
                " another folder"
            )
        known = _read(place) if there else None
        if known is not None and known[0] == etag:
            written = known[1]
        else:
            self._journal.note(path, etag)
            written = write_verified(place, etag, body, self._journal.temporary())
            self.count_written += 1
        self._ours.setdefault(path, set()).add(etag)
        self._files[path] = {"etag": etag, "size": written.size, "headers": dict(headers)}
        self._written[path] = written
        return written

    def drop_after(self, count: int) -> None:
        """Take all files but the first ones for those of an earlier export."""
        while len(self._files) > count:
            self._files.popitem()

    def finish(self, assets: Mapping[str, Any], *, prune: bool, left_out: Withdrawal) -> Finished:
        """Write the manifest, and remove the journal.

        What an earlier export wrote of the files that are left out now is removed: whoever copies
        the folder would publish it. A file that was changed since is not what an export wrote, and
        stays.

        :param assets: the assets, by endpoint and name.
        :param prune: whether to remove all that an earlier export wrote and this one did not.
        :param left_out: what the app may answer for only.
        :raises OSError: if it can't be written, or a file can't be removed.
        """
        earlier = {
            path: sorted(etags)
            for path, etags in sorted(self._ours.items())
            if path not in self._files
            and not self._leads_out(self._folder / path)
            and (known := _read(self._folder / path)) is not None
            and known[0] in etags
        }
        self._write_manifest(assets, earlier)
        withdrawn = [path for path in earlier if left_out.has(path, self._assets.get(path, ()))]
        removed = list(earlier) if prune else withdrawn
        if removed:
            for path in removed:
                self._remove(self._folder / path)
            # Only now: what an interruption leaves has to be known to the next export.
            for path in removed:
                del earlier[path]
            self._write_manifest(assets, earlier)
        self._journal.close()
        foreign = self._others({*self._files, *earlier, self._manifest})
        return Finished(removed, withdrawn, foreign)

    def _write_manifest(self, assets: Mapping[str, Any], earlier: Mapping[str, Any]) -> None:
        manifest = {
            "made_by": _MADE_BY,
            "version": 1,
            "assets": assets,
            "files": self._files,
            "earlier": earlier,
        }
        new = self._journal.temporary()
        new.write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n", "utf-8")
        new.replace(self._folder / self._manifest)

    def _leads_out(self, place: Path) -> bool:
        """Return whether a symbolic link stands in the way to a place."""
        return os.path.realpath(place.parent) != str(place.parent)

    def _remove(self, place: Path) -> None:
        """Remove a file, and the folders that are empty without it."""
        place.unlink(missing_ok=True)
        for above in place.parents:
            if above == self._folder:
                return
            try:
                above.rmdir()
            except OSError:  # it holds other files
                return

    def _others(self, own: set[str]) -> list[str]:
        found = []
        for place, below, names in os.walk(self._folder):
            if Path(place) == self._folder and WORK in below:
                below.remove(WORK)
            paths = (Path(place, name).relative_to(self._folder).as_posix() for name in names)
            found += [path for path in paths if path not in own]
        return sorted(found)

    def _read_manifest(self) -> None:
        place = self._folder / self._manifest
        try:
            found = json.loads(place.read_text("utf-8"))
            if (found["made_by"], found["version"]) != (_MADE_BY, 1):
                raise ValueError(f"it is of {found['made_by']!r}, version {found['version']!r}")
            for path, facts in found["files"].items():
                self._claim(path, facts["etag"])
            for path, etags in found["earlier"].items():
                for etag in etags:
                    self._claim(path, etag)
            for endpoint, named in found["assets"].items():
                for name, asset in named.items():
                    for path in (asset["path"], *asset["codings"].values()):
                        self._assets.setdefault(path, set()).add((endpoint, name))
        except FileNotFoundError:
            return
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise NotAManifestError(
                f"{str(place)!r} is no manifest of 'flask static export', so it is left alone"
                f" ({type(error).__name__}: {error}); move it away, export into another folder or"
                " give --manifest another name"
            ) from error

    def _claim(self, path: str, etag: str) -> None:
        if self.is_possible(path):
            self._ours.setdefault(path, set()).add(etag)


def _read(place: Path) -> tuple[str, Written] | None:
    """Return the ETag, the size and the SHA-384 of a file; ``None`` if there is no such file.

    :raises OSError: if it can't be read.
    """
    if place.is_symlink() or not place.is_file():
        return None
    sha256, sha384, size = hashlib.sha256(), hashlib.sha384(), 0
    with place.open("rb") as file:
        while chunk := file.read(2**20):
            sha256.update(chunk)
            sha384.update(chunk)
            size += len(chunk)
    return etag_of(sha256.hexdigest()), Written(size, sha384.digest())
