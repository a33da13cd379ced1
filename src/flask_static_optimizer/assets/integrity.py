"""Subresource Integrity metadata of assets (W3C SRI §3.5)."""

from __future__ import annotations

import base64
import hashlib
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .asset import Asset


def of(asset: Asset) -> str:
    """Return the value of an ``integrity`` attribute for the bytes that are served.

    :raises OSError: if the bytes can't be read.
    """
    if asset.derived.integrity is None:
        sha = hashlib.sha384()
        body = asset.open()
        if isinstance(body, bytes):
            sha.update(body)
        else:
            with closing(body):
                for chunk in body:
                    sha.update(chunk)
        asset.derived.integrity = f"sha384-{base64.b64encode(sha.digest()).decode()}"
    return asset.derived.integrity
