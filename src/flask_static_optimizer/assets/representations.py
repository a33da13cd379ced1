"""The choice among the representations of an asset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ..http.negotiation import accepted
from .asset import Asset
from .delta import DELTA, parse_available, pattern, use_as_dictionary
from .memory import Memory
from .mount import Mount
from .representation import Representation, Terms
from .urls import PARAMETER
from .variant import BEING_MADE, Variant
from .variants import VariantMaker

#: What asks about the representation that would be chosen now.
_OF_NOW = frozenset({"HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE"})

#: Representations remembered for each asset: a proxy may say endless prefixes.
_REMEMBERED = 64


class Representations:
    """The representations of one app's assets, made when they are first asked for."""

    def __init__(self, variants: VariantMaker, memory: Memory) -> None:
        self._variants = variants
        self._memory = memory

    def choose(
        self,
        mount: Mount,
        asset: Asset,
        environ: Mapping[str, Any],
        terms: Terms,
        verified: bool | None,
    ) -> Representation:
        """Choose the representation that a request is to get (RFC 9110 §12.5.3).

        A part is one of what the whole would be now (§14.2), unless its ``If-Range`` names another
        representation that the client began with. Beside ``If-None-Match`` or
        ``If-Modified-Since`` it chooses nothing: these ask about what would be chosen now.

        :param verified: whether the URL's fingerprint is that of the bytes; ``None``: it has none.
        :raises OSError: if the asset can't be read.
        """
        coded = self._variants.of(asset)
        versions = _pattern(environ, asset) if self._variants.deltas and verified else None
        deltas = versions is not None and self._variants.keep_version(mount, asset)
        being_made = coded is BEING_MADE
        if not coded and not deltas and not being_made:
            return self._representation(asset, None, terms, (), None, verified)
        vary: tuple[str, ...] = ("Accept-Encoding",)
        dictionary = None
        if versions is not None and deltas:
            vary = ("Accept-Encoding", "Available-Dictionary")
            dictionary = use_as_dictionary(versions)
        variant = self._variant(mount, asset, environ, coded, deltas=deltas)
        is_temporary = variant is None and being_made
        return self._representation(
            asset, variant, terms, vary, dictionary, verified, is_temporary=is_temporary
        )

    def _variant(
        self,
        mount: Mount,
        asset: Asset,
        environ: Mapping[str, Any],
        coded: Mapping[str, Variant],
        *,
        deltas: bool,
    ) -> Variant | None:
        """Return the coded bytes that a client prefers; ``None``: those without a coding."""
        acceptable = accepted(environ.get("HTTP_ACCEPT_ENCODING"), self._variants.offered)
        if "HTTP_RANGE" in environ and environ.keys().isdisjoint(_OF_NOW):
            begun = environ.get("HTTP_IF_RANGE")
            if begun == asset.etag:
                return None
            for coding in acceptable:
                if coding in coded and coded[coding].etag == begun:
                    return coded[coding]
        if deltas and DELTA in acceptable:
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
        found = known.get(key)
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
        )
        if len(known) >= _REMEMBERED:
            known.clear()
        known[key] = found
        # Another thread may have made the asset let its bytes go before this was remembered.
        is_held = found.body is not None and found.body is not asset.body
        if is_held and not self._memory.holds(asset):
            known.pop(key, None)
        return found


def _pattern(environ: Mapping[str, Any], asset: Asset) -> str | None:
    """Return the URLs of all versions of a file, where a fingerprint tells them apart.

    They are relative to its own URL. What comes before is not said: where it depends on a proxy's
    word (``X-Forwarded-Prefix``), a client's could get into a shared cache.
    """
    raw = environ.get("PATH_INFO", "").rpartition("/")[2]
    name = pattern(quote(raw.encode("latin-1"), safe="!$&'()*+,;=:@~"))
    if f".{asset.fingerprint}" in name:
        return name.replace(f".{asset.fingerprint}", ".*")
    queried = asset.fingerprint in environ.get("QUERY_STRING", "")
    return f"{name}?{PARAMETER}=*" if queried else None
