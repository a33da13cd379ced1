"""``@cacheable_static``, the decorator of views whose responses are as static as files."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar, overload

from .errors import ConfigurationError
from .names import PREFIX
from .policy import FILE_FIELDS, CachePolicy, SessionMode

V = TypeVar("V", bound=Callable[..., Any])

_TAG = "_static_optimizer_policy"
_WHERE = "@cacheable_static"

#: The functions to call when a view is declared whose responses may be stored, and the policies of
#: those that were declared before there was such a function.
_when_declared: list[Callable[[], None]] = []
_declared: list[CachePolicy] = []


@overload
def cacheable_static(view: V, /) -> V: ...


@overload
def cacheable_static(
    *,
    max_age: float | timedelta | None = ...,
    immutable: bool = ...,
    stale_while_revalidate: float | timedelta | None = ...,
    stale_if_error: float | timedelta | None = ...,
    public: bool | None = ...,
    session: SessionMode | None = ...,
    vary: str | list[str] | tuple[str, ...] = ...,
    headers: Mapping[str, str | None] = ...,
    store: bool | None = ...,
    tags: str | list[str] | tuple[str, ...] = ...,
    etag: Callable[..., str | None] | None = ...,
    last_modified: Callable[..., datetime | float | None] | None = ...,
    query: str | list[str] | tuple[str, ...] | None = ...,
    key: Callable[..., str | None] | None = ...,
    unless: Callable[..., object] | None = ...,
    folder: str | os.PathLike[str] | None = ...,
    audit: bool = ...,
) -> Callable[[V], V]: ...


def cacheable_static(view: V | None = None, /, **fields: Any) -> V | Callable[[V], V]:
    """Declare that a view's response does not depend on the session and may be cached.

    Use it bare (``@cacheable_static``) or with policy fields. It only tags the view. An app with
    :class:`~flask_static_optimizer.StaticOptimizer` acts on the tag for GET, HEAD and OPTIONS.
    For a class-based view put it into ``decorators``.

    :param max_age: the freshness lifetime in seconds or as a ``timedelta`` (RFC 9111 §5.2.2.1).
        Without it ``STATIC_OPTIMIZER_UNVERSIONED_MAX_AGE`` holds. A ``Cache-Control`` that the view
        sets itself comes first.
    :param immutable: the bytes at this URL never change (RFC 8246).
    :param stale_while_revalidate: seconds, or a ``timedelta``, for which a stale response may be
        sent while it is refreshed (RFC 5861 §3).
    :param stale_if_error: seconds, or a ``timedelta``, for which a stale response may stand in
        for an error (RFC 5861 §4).
    :param public: share responses even to requests with ``Authorization`` (RFC 9111 §3.5).
    :param session: ``"isolated"`` (the session reads as empty) or ``"protected"`` (it can be
        read, is never saved, and the response is ``private, no-cache``).
    :param vary: request header names that the response depends on (RFC 9110 §12.5.5).
    :param headers: header fields of the responses, by name. A field that the view or a hook sets
        itself comes first.
    :param store: ``False`` keeps responses out of the store. ``True`` puts them there; a response
        that can't be stored is then sent as ``no-store``, and the extension logs a warning.
    :param tags: names by which stored responses can be purged.
    :param etag: a function that takes the view's arguments and returns the ``ETag`` of the response
        that the view would make now, with or without quotes, or ``None`` if it is not known. A
        client that has this response gets a 304, and the view does not run (RFC 9110 §13.1.2).
    :param last_modified: a function like ``etag`` that returns a ``datetime`` or seconds since the
        epoch (RFC 9110 §13.1.3).
    :param query: the names of the URL's parameters that the response depends on. One stored
        response answers all URLs in which these are the same, and the view sees no other
        parameters. Browsers and other caches still go by the whole URL.
    :param key: a function that takes the view's arguments and returns a text that stands for the
        query in the key of the stored response, or ``None`` if it is not to be stored. The view
        sees the parameters that the function reads of ``request.args``.
    :param unless: a function that takes the view's arguments. Where it returns something true the
        view runs, nothing is stored, and only what the view itself says of caching is sent.
    :param folder: the folder whose files the view sends by the name at the end of its URL, absolute
        or relative to ``app.root_path``. ``url_for`` then puts fingerprints into these URLs, and
        files are kept for ``STATIC_OPTIMIZER_MAX_AGE`` under them.
    :param audit: ``False`` for what ``flask static audit`` is not to look into.
    :returns: the tagged view itself, or a decorator that tags a view.
    :raises ConfigurationError: for unknown fields, wrong types and contradictions, and for a view
        that can't be tagged.
    """
    for name in FILE_FIELDS & fields.keys():
        raise ConfigurationError(
            f"{_WHERE}: {name}={fields[name]!r} is for the files of static folders; give it in"
            f" {PREFIX}RULES, or leave it out."
        )
    policy = CachePolicy.build(_WHERE, fields)

    def tag(view: V) -> V:
        if not callable(view) or isinstance(view, type):
            raise ConfigurationError(
                f"{_WHERE} on {view!r}: decorate a view function; for a class-based view put"
                " the decorator into its 'decorators' list; give arguments by name."
            )
        try:
            setattr(view, _TAG, policy)
        except AttributeError:
            raise ConfigurationError(
                f"{_WHERE} on {view!r}: it takes no attributes; wrap it in a function."
            ) from None
        if policy.store is not False:
            for load in _when_declared:
                load()
            if not _when_declared:
                _declared.append(policy)
        return view

    return tag if view is None else tag(view)


def when_declared(load: Callable[[], None]) -> None:
    """Call a function for each view that is declared, unless it is never stored.

    What serves such views is loaded then, and neither by all apps nor in a worker's first request.
    The decorator may be imported, and used, before the extension.
    """
    _when_declared.append(load)
    if _declared:
        _declared.clear()
        load()


def tag_of(view: object) -> CachePolicy | None:
    """Return the policy that :func:`cacheable_static` has set on a view.

    It is an attribute, so ``functools.wraps`` passes it on to a wrapper.
    """
    policy = getattr(view, _TAG, None)
    return policy if isinstance(policy, CachePolicy) else None
