"""The maker of variants, which keeps them and checks that they decode to the asset."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from ..http.bodies import SMALL_BODY
from ..http.codings import compress, decompress, is_compressible, suffix, worth_it
from .cache_folder import CacheFolder, variant_name
from .delta import DELTA, LARGEST, WrongDeltaError, encode
from .files import WHOLE
from .fingerprints import etag as etag_of
from .fingerprints import sha256
from .memory import Memory
from .variant import NOT_YET, Variant

if TYPE_CHECKING:
    from .asset import Asset
    from .mount import Mount

#: The size in bytes below which no coding is tried, because the response fits into one packet.
SMALLEST = 256

#: The size in bytes up to which a variant is made while a client waits.
QUICK = 4 * 2**20


class VariantMaker:
    """A maker of the variants of one app's assets, which also finds those made before.

    :param offered: the content codings, best first.
    :param cache_folder: keeps the variants from one process to the next.
    :param versions: the number of old versions of an asset to keep for deltas; 0: no deltas.
    :param may_build: returns whether a missing variant may be made.
    :param warn: called with an occasion and a message that an operator should read once.
    :param memory: counts the bytes that the variants hold.
    """

    def __init__(
        self,
        offered: Sequence[str],
        cache_folder: CacheFolder,
        versions: int,
        may_build: Callable[[], bool],
        warn: Callable[[object, str], None],
        memory: Memory,
    ) -> None:
        self.offered = (DELTA, *offered) if versions else tuple(offered)
        self.deltas = versions > 0
        self._codings = tuple(offered)
        self._cache_folder = cache_folder
        self._versions = versions
        self._may_build = may_build
        self._warn = warn
        self._memory = memory
        self._making: set[object] = set()
        self._lock = Lock()

    def of(self, asset: Asset) -> Mapping[str, Variant]:
        """Return the variants of an asset by coding, best first.

        While another thread makes them, the result is :data:`NOT_YET`, and the client is served
        without a content coding. So it is as long as the file may change without a sign, unless
        there are variants of these bytes already.
        """
        known = asset.derived.variants  # read once: another thread may release them
        if known is not None:
            return known
        if not self._codings or not is_codable(asset):
            asset.derived.variants = {}
            return {}
        with self._alone(asset.sha256) as alone:
            if not alone:
                return NOT_YET
            made = self.make(asset, best=False)
            if not asset.settled:  # a new asset soon replaces it
                return made or NOT_YET
            is_held = self._is_held(asset, made)
            if not is_held:
                made = {coding: variant._replace(body=None) for coding, variant in made.items()}
            asset.derived.variants = made
            asset.derived.is_read_each_time = not is_held
            self._memory.hold(asset)
            return made

    def _is_held(self, asset: Asset, made: Mapping[str, Variant]) -> bool:
        """Return whether memory is to hold the bytes of variants.

        Where it has no room, small ones are read for each request, as the asset's own bytes are.
        """
        size = sum(variant.size for variant in made.values())
        is_readable = asset.body is None and all(variant.again for variant in made.values())
        return not is_readable or size > SMALL_BODY or self._memory.has_room(asset, size)

    @contextmanager
    def _alone(self, what: object) -> Iterator[bool]:
        """Yield whether no other thread is making the same thing at the moment."""
        with self._lock:
            alone = what not in self._making
            self._making.add(what)
        try:
            yield alone
        finally:
            if alone:
                with self._lock:
                    self._making.discard(what)

    def make(self, asset: Asset, *, best: bool) -> dict[str, Variant]:
        """Find the variants of an asset, or make them if that is allowed.

        :param best: make them as small as possible, however long that takes.
        :raises OSError: if the asset can't be read.
        """
        data = asset.read()
        build = best or (asset.settled and self._may_build() and asset.size <= QUICK)
        found = {}
        for coding in self._codings:
            variant = self._sibling(asset, coding, data) or self._kept(
                asset, coding, data, best=best
            )
            if variant is None and build:
                body = compress(coding, data, best=best)
                variant = Variant.of(coding, body)
                if worth_it(len(data), len(body)):
                    name = variant_name(_sha256(asset), coding, best=best)
                    if self._cache_folder.put(name, body):
                        variant = self._readable(variant, name)
                    self._memory.facts.note_variant(_sha256(asset), variant)
            if variant is not None and worth_it(len(data), variant.size):
                found[coding] = variant
        return found

    def _decoding(self, asset: Asset, coding: str, data: bytes, body: bytes) -> Variant | None:
        """Return the variant with these bytes if they decode to the asset, which is tried once."""
        variant, facts = Variant.of(coding, body), self._memory.facts
        if facts.decodes(_sha256(asset), variant):
            return variant
        if not _decodes_to(data, coding, body):
            return None
        facts.note_variant(_sha256(asset), variant)
        return variant

    def _sibling(self, asset: Asset, coding: str, data: bytes) -> Variant | None:
        """Return the content of the file beside the asset's in a coding (``app.css.br``).

        ``None`` is returned if there is no such file, if it is larger than the asset, or if it does
        not decode to the asset. No more of it is decoded than the asset has bytes.
        """
        if asset.sha256 != asset.snapshot.sha256:  # a rewritten stylesheet has no such file
            return None
        path = asset.path + suffix(coding)
        body = _read(path, len(data))
        if body is None:
            return None
        variant = self._decoding(asset, coding, data, body) if len(body) <= len(data) else None
        if variant is not None:
            return variant._replace(again=partial(_read, path, variant.size, variant.etag))
        self._warn(
            ("sibling", path),
            f"static_optimizer: {os.path.basename(path)!r} does not hold what {asset.name!r} does,"
            " or is larger, and is not used; make it again or delete it.",
        )
        return None

    def _kept(self, asset: Asset, coding: str, data: bytes, *, best: bool) -> Variant | None:
        for quality in (True,) if best else (True, False):
            name = variant_name(_sha256(asset), coding, best=quality)
            body = self._cache_folder.get(name)
            variant = None if body is None else self._decoding(asset, coding, data, body)
            if variant is not None:
                return self._readable(variant, name)
        return None

    def _readable(self, variant: Variant, name: str) -> Variant:
        """Return a variant that can be read again from the cache folder."""
        begins = variant.etag.strip('"')
        return variant._replace(again=partial(self._cache_folder.get, name, begins))

    def keep_version(self, mount: Mount, asset: Asset) -> bool:
        """Keep an asset's bytes for later deltas.

        :returns: whether the asset is suitable for deltas.
        """
        if not is_codable(asset) or asset.size > LARGEST or not asset.settled:
            return False
        if not asset.derived.is_version_kept:
            asset.derived.is_version_kept = True
            self._cache_folder.remember_version(
                _key(mount, asset), _sha256(asset), asset.read(), self._versions
            )
        return True

    def delta(self, mount: Mount, asset: Asset, known: bytes) -> Variant | None:
        """Return the delta from a version that the client has (RFC 9842 §2.2).

        ``None`` is returned if there is no delta, or if it is not smaller than the best variant.

        :param known: the SHA-256 of that version.
        """
        made = asset.derived.deltas.get(known) or self._make_delta(mount, asset, known)
        if made is None:
            return None
        best = next(iter(self.of(asset).values()), None)
        return made if best is None or made.size < best.size else None

    def _make_delta(self, mount: Mount, asset: Asset, known: bytes) -> Variant | None:
        if known.hex() == asset.sha256:
            return None
        dictionary = self._cache_folder.version(_key(mount, asset), known.hex())
        if dictionary is None:
            return None
        with self._alone((asset.sha256, known)) as alone:
            if not alone:
                return None
            try:
                body = encode(asset.read(), dictionary)
            except WrongDeltaError:  # for example, the dictionary is too short
                return None
            made = asset.derived.deltas[known] = Variant.of(DELTA, body)
            self._memory.hold(asset)
            return made


def is_codable(asset: Asset) -> bool:
    """Return whether a content coding may make an asset smaller."""
    return (
        asset.named_coding is None
        and asset.sha256 is not None
        and SMALLEST <= asset.size <= WHOLE
        and is_compressible(asset.content_type)
    )


def _decodes_to(data: bytes, coding: str, body: bytes) -> bool:
    try:
        return decompress(coding, body, len(data)) == data
    except Exception:  # noqa: BLE001  # each library raises its own errors
        return False


def _read(path: str, most: int, etag: str | None = None) -> bytes | None:
    """Return the bytes of a regular file, or ``None`` if it can't be read.

    :param most: the number of bytes that are wanted at most. Of a larger file one more is returned.
    :param etag: the ``ETag`` of the only bytes that are wanted.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return None
        with open(path, "rb") as file:
            body = file.read(most + 1)
    except OSError:
        return None
    return body if etag is None or etag_of(sha256(body)) == etag else None


def _key(mount: Mount, asset: Asset) -> str:
    return f"{mount.endpoint}:{asset.name}"


def _sha256(asset: Asset) -> str:
    assert asset.sha256 is not None, "it is codable"
    return asset.sha256
