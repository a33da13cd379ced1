"""The header fields of a file that a view sends: the view's own, and those that the policy adds."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ..assets.representation import Terms
from ..assets.urls import fingerprints_of
from ..headers.etags import made_by_send_file
from ..headers.freshness import asset_cache_control, offered_to_shared_caches
from ..headers.view_headers import said_by_flask, stated_max_age, with_kept
from ..http.fields import fold, forbid_sharing, is_offloaded, seconds_of, vary_names

if TYPE_CHECKING:
    from flask import Flask, Response
    from werkzeug.datastructures import Headers

    from ..assets.asset import Asset
    from ..config.settings import Settings
    from ..requests.mark import Mark

#: The fields that speak of the bytes or of their age, in lower case. The representation has its
#: own, and Werkzeug's ``Date`` is the server's to say.
_REPLACED = frozenset(
    {
        "accept-ranges",
        "cache-control",
        "content-encoding",
        "content-length",
        "content-type",
        "date",
        "etag",
        "last-modified",
        "vary",
    }
)

#: The fields with which a response is no plain file for everybody, in lower case.
_OTHER = frozenset({"content-range", "set-cookie", "transfer-encoding"})


class FileTerms(NamedTuple):
    """The terms of the responses of a file that a view sends."""

    terms: Terms
    #: Whether the URL's fingerprint is that of the bytes; ``None``: the URL has none.
    verified: bool | None
    #: Whether ``Cache-Control`` is the view's own word.
    is_own: bool


def terms_of(
    settings: Settings,
    app: Flask,
    mark: Mark,
    environ: Mapping[str, Any],
    response: Response,
    asset: Asset,
) -> FileTerms | None:
    """Return the terms of a file's responses, or ``None`` if it is no plain file for everybody."""
    headers, identity = response.headers.copy(), asset.snapshot.identity
    fold(headers)
    response = copy.copy(response)
    response.headers = headers
    varies = vary_names(headers)
    if (
        is_offloaded(headers)
        or not _OTHER.isdisjoint(name.lower() for name, _ in headers)
        or not varies.isdisjoint({"*", "cookie"})
        or ("ETag" in headers and not made_by_send_file(headers["ETag"]))
        or seconds_of(headers.get("Last-Modified")) != identity.modified // 10**9
    ):
        return None
    policy = mark.policy
    verified = _verified(mark, environ, asset)
    age = stated_max_age(settings, app, mark, response, lambda: asset.breaks_when_old)
    is_dated = "Expires" in headers and "max-age" not in response.cache_control
    by_folder = policy.folder is not None and said_by_flask(response) and not is_dated
    is_own = False
    if verified is not None and (age is not None or by_folder):
        value = asset_cache_control(
            settings, app, app, policy, asset.name, verified, breaks_when_old=False
        )
        value = with_kept(value, response)
    elif age is not None:
        value = with_kept(policy.cache_control(age), response)
    else:
        is_own, value = True, headers.get("Cache-Control", "")
        if not response.cache_control.keys().isdisjoint({"no-store", "private"}):
            forbid_sharing(headers)
    keeps_date = is_own and is_dated
    fields = tuple(
        (name, text)
        for name, text in headers
        if name.lower() not in _REPLACED and (keeps_date or name.lower() != "expires")
    )
    terms = Terms(value, (*_spelled(headers), *policy.vary), tuple(policy.sent_headers))
    if not is_own and settings.mode(policy) == "isolated":
        terms = offered_to_shared_caches(settings, app, policy, terms)
    given = {name.lower() for name, _ in fields}
    added = tuple(field for field in terms.fields if field[0].lower() not in given)
    return FileTerms(terms._replace(fields=fields + added), verified, is_own)


def _spelled(headers: Headers) -> list[str]:
    """Return the members of ``Vary``, with the one that the extension may add in its spelling."""
    names = [name.strip() for name in headers.get("Vary", "").split(",") if name.strip()]
    return ["Accept-Encoding" if name.lower() == "accept-encoding" else name for name in names]


def _verified(mark: Mark, environ: Mapping[str, Any], asset: Asset) -> bool | None:
    """Return whether a URL has the fingerprint of the bytes; ``None``: it has none.

    A file's own name may hold the hash, if the URL ends with it. An ES module has no fingerprint,
    as its imports name others without.
    """
    if asset.named_by_hash and environ.get("PATH_INFO", "").endswith(
        f"/{os.path.basename(asset.path)}"
    ):
        return True
    given = fingerprints_of(environ.get("QUERY_STRING", "")) if mark.policy.folder else []
    if not given:
        return None
    return asset.fingerprint in given and not asset.is_module
