"""The choice among the representations of an asset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ..http.negotiation import accepted
from .asset import Asset
from .copies import Copies
from .delta import DELTA, parse_available, pattern, use_as_dictionary
from .memory import Memory
from .mount import Mount
from .representation import Representation, Terms
from .urls import PARAMETER
from .variant import NOT_YET, Variant
from .variants import VariantMaker

#: The conditional headers that ask about the representation that would be chosen now.
_OF_NOW = frozenset({"HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE"})

#: The number of representations remembered for each asset. It is limited, because clients choose
#: the spelling of the URL on which one depends.
_REMEMBERED = 64


class Representations:
    """The representations of one app's assets, made when they are first asked for."""

    def __init__(self, variants: VariantMaker, memory: Memory, copies: Copies) -> None:
        self._variants = variants
        self._memory = memory
        self._copies = copies

    def choose(
        self,
        mount: Mount | None,
        asset: Asset,
        environ: Mapping[str, Any],
        terms: Terms,
        verified: bool | None,
    ) -> Representation:
        """Choose the representation for a request (RFC 9110 §12.5.3).

        A range is a part of the representation that would be chosen now (§14.2), unless
        ``If-Range`` names another one, of which the client has the beginning. ``If-Range`` has no
        effect on the choice beside ``If-None-Match`` or ``If-Modified-Since``, because these ask
        about the representation that would be chosen now.

        :param mount: the folder whose files may be sent as deltas; ``None``: the asset's may not.
        :param verified: whether the URL's fingerprint is that of the bytes; ``None``: the URL has
            none.
        :raises OSError: if the asset can't be read.
        """
        coded = self._variants.of(asset)
        versions = None
        if mount is not None and self._variants.deltas and verified:
            versions = _pattern(environ, asset)
        deltas = (
            mount is not None and versions is not None and self._variants.keep_version(mount, asset)
        )
        not_yet = coded is NOT_YET
        if not coded and not deltas and not not_yet:
            return self._representation(asset, None, terms, (), None, verified)
        vary: tuple[str, ...] = ("Accept-Encoding",)
        dictionary = None
        if versions is not None and deltas:
            vary = ("Accept-Encoding", "Available-Dictionary")
            dictionary = use_as_dictionary(versions)
        variant = self._variant(mount if deltas else None, asset, environ, coded)
        is_temporary = variant is None and not_yet
        return self._representation(
            asset, variant, terms, vary, dictionary, verified, is_temporary=is_temporary
        )

    def plain(self, representation: Representation) -> Representation:
        """Return the representation of the same asset, on the same terms, without a coding."""
        if representation.variant is None:
            return representation
        return self._representation(representation.asset, None, *representation.choice)

    def recall(self, asset: Asset, key: object) -> Any:
        """Return what :meth:`remember` was given with a key, as long as memory holds the asset."""
        return asset.derived.representations.get(key)

    def remember(self, asset: Asset, key: object, choice: object) -> None:
        """Remember a choice among an asset's representations, for as long as they are there."""
        known = asset.derived.representations
        if len(known) >= _REMEMBERED:
            known.clear()
        known[key] = choice
        # Another thread may have released the asset's bytes before this was remembered.
        if not self._memory.holds(asset):
            known.pop(key, None)

    def _variant(
        self,
        mount: Mount | None,
        asset: Asset,
        environ: Mapping[str, Any],
        coded: Mapping[str, Variant],
    ) -> Variant | None:
        """Return the variant that the client prefers, or ``None`` for no content coding.

        :param mount: the asset's folder, if a delta may be sent.
        """
        acceptable = accepted(environ.get("HTTP_ACCEPT_ENCODING"), self._variants.offered)
        if "HTTP_RANGE" in environ and environ.keys().isdisjoint(_OF_NOW):
            begun = environ.get("HTTP_IF_RANGE")
            if begun == asset.etag:
                return None
            for coding in acceptable:
                if coding in coded and coded[coding].etag == begun:
                    return coded[coding]
        if mount is not None and DELTA in acceptable:
            known = parse_available(environ.get("HTTP_AVAILABLE_DICTIONARY"))
            delta = known and self._variants.delta(mount, asset, known)
            if delta:
                return delta
        for coding in acceptable:
            if coding == "identity":
                break
            if coding in coded:
                return coded[coding]
        return None

    def _representation(
        self,
        asset: Asset,
        variant: Variant | None,
        terms: Terms,
        vary: tuple[str, ...],
        dictionary: str | None,
        verified: bool | None,
        *,
        is_temporary: bool = False,
    ) -> Representation:
        known = asset.derived.representations
        key = (variant and variant.etag, terms, vary, dictionary, verified, is_temporary)
        found: Representation | None = known.get(key)
        if found is not None:
            return found
        if variant is None:
            self._memory.body(asset)
        found = Representation(
            asset,
            variant,
            terms,
            vary=vary,
            dictionary=dictionary,
            verified=verified,
            is_temporary=is_temporary or dictionary is not None,
            copies=self._copies if variant is None else None,
            forget=self._memory.let_go,
        )
        if len(known) >= _REMEMBERED:
            known.clear()
        known[key] = found
        # Another thread may have released the asset's bytes before this was remembered.
        is_held = found.body is not None and found.body is not asset.body
        if is_held and not self._memory.holds(asset):
            known.pop(key, None)
        return found


def _pattern(environ: Mapping[str, Any], asset: Asset) -> str | None:
    """Return a URL pattern for all versions of a file; ``None`` if its URL has no fingerprint.

    The pattern is relative to the file's own URL and leaves out the folder. The folder may depend
    on ``X-Forwarded-Prefix``, and a prefix sent by a client could get into a shared cache.
    """
    raw = environ.get("PATH_INFO", "").rpartition("/")[2]
    name = pattern(quote(raw.encode("latin-1"), safe="!$&'()*+,;=:@~"))
    if f".{asset.fingerprint}" in name:
        return name.replace(f".{asset.fingerprint}", ".*")
    queried = asset.fingerprint in environ.get("QUERY_STRING", "")
    return f"{name}?*{PARAMETER}=*" if queried else None
