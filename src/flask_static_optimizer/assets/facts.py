"""The facts about files whose assets memory has let go of, so that they are not hashed again."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..config.bounded import Bounded

if TYPE_CHECKING:
    from .files import Identity
    from .mount import Mount
    from .variant import Variant

#: What the facts about a file, and those about its variants, take in memory: measured, in bytes and
#: rounded up.
_FILE, _CODED = 260, 200


class Fact(NamedTuple):
    """A file in one state: the hash of its bytes, and the findings about them."""

    sha256: str
    named_by_hash: bool
    is_module: bool


class Facts:
    """The facts about an app's files, in a form that takes little memory.

    :param limit: the largest size in bytes that they may take.
    """

    def __init__(self, limit: int) -> None:
        most = limit // (_FILE + _CODED)
        #: By the endpoint and the name: two flags, the hash, and the state as text.
        self._files: Bounded[str, bytes] = Bounded(most)
        #: By the hash of a file: the beginnings of the hashes of its variants that decode to it.
        self._variants: Bounded[bytes, bytes] = Bounded(most)

    def size(self) -> int:
        """Return the number of bytes that the facts take."""
        return len(self._files) * _FILE + len(self._variants) * _CODED

    def note(self, mount: Mount, name: str, state: Identity, fact: Fact) -> None:
        """Remember a fact about a file that has settled in a state."""
        flags = bytes((fact.named_by_hash, fact.is_module))
        key = f"{mount.endpoint}:{name}"
        self._files[key] = flags + bytes.fromhex(fact.sha256) + _text(state)

    def find(self, mount: Mount, name: str, state: Identity) -> Fact | None:
        """Return the fact about a file, if it is known in this state."""
        known = self._files.get(f"{mount.endpoint}:{name}")
        if known is None or known[34:] != _text(state):
            return None
        return Fact(known[2:34].hex(), bool(known[0]), bool(known[1]))

    def note_variant(self, sha256: str, variant: Variant) -> None:
        """Remember that a variant decodes to the bytes with this SHA-256."""
        key, mark = bytes.fromhex(sha256), _mark(variant)
        known = self._variants.get(key, b"")
        if not _has(known, mark):
            # A few for each: a coding may be kept in two qualities.
            self._variants[key] = (mark + known)[: 6 * len(mark)]

    def decodes(self, sha256: str, variant: Variant) -> bool:
        """Return whether a variant is known to decode to the bytes with this SHA-256."""
        return _has(self._variants.get(bytes.fromhex(sha256), b""), _mark(variant))


def _text(state: Identity) -> bytes:
    return " ".join(map(str, state)).encode()


def _mark(variant: Variant) -> bytes:
    """Return 128 bits of the SHA-256 of a variant, and a byte for its coding."""
    return bytes.fromhex(variant.etag.strip('"')) + variant.coding[:1].encode()


def _has(known: bytes, mark: bytes) -> bool:
    return any(known[at : at + len(mark)] == mark for at in range(0, len(known), len(mark)))
