"""The files that views of an app send by name, as assets."""

from __future__ import annotations

import os
from posixpath import basename
from typing import TYPE_CHECKING

from ..config.bounded import Bounded
from .asset import Asset
from .files import Identity
from .javascript import is_module
from .manifests import is_named_by_hash
from .media_types import breaks_when_old

if TYPE_CHECKING:
    from .hashes import Hashes
    from .memory import Memory

#: The number of media types, and of files of each, that are remembered. Limits are needed, as a
#: view may send any file as anything.
_TYPES = 256
_FILES = 16_384

#: The media type of a file, and the content coding that its name implies.
Kind = tuple[str, "str | None"]


class SentFiles:
    """The files that the views of one app have sent, each read when it is first sent.

    A view has a file open when it returns, so an asset is returned again as long as the open file
    is in the same state. Which folder the file is in nobody needs to know.

    :param memory: releases the assets that are no longer sent.
    :param hashes: the hashes of large files.
    """

    def __init__(self, memory: Memory, hashes: Hashes) -> None:
        self._memory = memory
        self._hashes = hashes
        #: The view gives a file its type, and so decides whether a coding makes it smaller.
        self._known: Bounded[Kind, Bounded[str, Asset]] = Bounded(_TYPES)

    def find(self, path: str, state: os.stat_result, kind: Kind) -> Asset | None:
        """Return the asset of a file that is open, or ``None`` if nothing is sure of its bytes.

        :param path: the path by which it was opened.
        :param state: its state.
        :param kind: the media type and the content coding that the view gives it.
        """
        known = self._known.get(kind)
        asset = None if known is None else known.get(path)
        if asset is None or not asset.snapshot.identity.is_of(state):
            return self._look_up(path, state, kind)
        self._memory.touch(asset)
        return asset

    def _look_up(self, path: str, state: os.stat_result, kind: Kind) -> Asset | None:
        known = self._known.get(kind)
        if known is None:
            known = self._known[kind] = Bounded(_FILES)
        before = known.pop(path, None)
        if before is not None:
            self._memory.release(before)
        identity = Identity.of(state)
        if not identity.settled or not os.path.isabs(path):
            return None
        try:
            snapshot = self._hashes.snapshot(path)
        except OSError:  # deleted or replaced meanwhile; the view has it open
            return None
        if snapshot.identity != identity:
            return None
        name = basename(path.replace(os.sep, "/"))
        content_type, coding = kind
        named_by_hash = snapshot.data is not None and is_named_by_hash(name, snapshot.data)
        module = not named_by_hash and is_module(name, snapshot.data)
        asset = Asset(
            name=path,
            path=path,
            snapshot=snapshot._replace(data=None),
            body=None,
            sha256=snapshot.sha256,
            size=identity.size,
            content_type=content_type,
            named_coding=coding,
            named_by_hash=named_by_hash,
            is_module=module,
            breaks_when_old=module or breaks_when_old(name, content_type),
            settled=snapshot.settled,
            is_slow=self._hashes.is_slow(identity),
            known=known,
        )
        known[path] = asset
        self._memory.hold(asset)
        return asset
