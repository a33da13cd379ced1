"""The freshness of responses that say nothing of it themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from flask import Blueprint, Flask

if TYPE_CHECKING:
    from ..assets.representation import Terms
    from ..config.policy import CachePolicy
    from ..config.settings import Settings

#: The freshness in seconds of a static URL for which nothing else is configured.
DEFAULT_MAX_AGE = 3600


def default_max_age(
    settings: Settings,
    app: Flask,
    policy: CachePolicy,
    *,
    breaks_when_old: bool = False,
    debug: bool | None = None,
) -> int:
    """Return the freshness, in seconds, of a static response that says nothing of it.

    :param breaks_when_old: whether it is a file with which pages may break while it is old.
    :param debug: whether debug mode is on; ``None``: as in the app.
    """
    for age in (policy.max_age, settings.unversioned_max_age, flask_max_age(app)):
        if age is not None:
            return max(age, 0)
    debug = app.debug if debug is None else debug
    if debug or (breaks_when_old and not policy.immutable):
        return 0
    return DEFAULT_MAX_AGE


def flask_max_age(app: Flask) -> int | None:
    """Return the value of Flask's ``SEND_FILE_MAX_AGE_DEFAULT`` in seconds, or ``None``."""
    value: int | timedelta | None = app.config["SEND_FILE_MAX_AGE_DEFAULT"]
    return int(value.total_seconds()) if isinstance(value, timedelta) else value


def asset_cache_control(
    settings: Settings,
    app: Flask,
    scaffold: Flask | Blueprint,
    policy: CachePolicy,
    name: str,
    verified: bool | None,
    *,
    breaks_when_old: bool,
    debug: bool | None = None,
) -> str:
    """Return the ``Cache-Control`` value of a file in a static folder.

    A URL with the fingerprint of the file's bytes is fresh for ``max_age`` seconds of the
    settings, and immutable (RFC 8246). A URL with another fingerprint is revalidated on each use,
    as another node of a rolling deploy may have the bytes of that fingerprint. In debug mode
    responses without a configured age are revalidated on each use.

    :param scaffold: the app or blueprint that the folder belongs to. If it has its own
        ``get_send_file_max_age``, that is called.
    :param verified: whether the URL's fingerprint is that of the bytes; ``None`` if the URL has
        no fingerprint.
    :param breaks_when_old: whether pages may break while the file is old.
    :param debug: whether debug mode is on; ``None``: as in the app.
    """
    if verified is False:
        return "no-cache"
    if verified:
        age = 0 if (app.debug if debug is None else debug) else settings.max_age
        return policy._replace(immutable=age > 0).cache_control(age)
    if policy.max_age is None and decides_freshness(scaffold):
        own = scaffold.get_send_file_max_age(name)
        if own is not None:
            return policy.cache_control(max(own, 0))
    age = default_max_age(settings, app, policy, breaks_when_old=breaks_when_old, debug=debug)
    return policy.cache_control(age)


def offered_to_shared_caches(
    settings: Settings, app: Flask, policy: CachePolicy, terms: Terms
) -> Terms:
    """Add the headers for shared caches to the terms of a file that is the same for everybody."""
    if policy.is_public(settings.public):
        terms = terms._replace(cache_control=f"public, {terms.cache_control}")
    if settings.cdn_cache_control and not app.debug:
        field = ("CDN-Cache-Control", settings.cdn_cache_control)
        terms = terms._replace(fields=(*terms.fields, field))
    return terms


def decides_freshness(scaffold: Flask | Blueprint) -> bool:
    """Return whether an app or a blueprint has a ``get_send_file_max_age`` of its own."""
    kind = type(scaffold).get_send_file_max_age
    return kind not in (
        Flask.get_send_file_max_age,
        Blueprint.get_send_file_max_age,
    ) or "get_send_file_max_age" in vars(scaffold)
