"""A policy: how static responses may be cached, and the ``Cache-Control`` that says so."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Literal, NamedTuple, TypeAlias

from .errors import ConfigurationError, nearest
from .header_fields import HeaderFields, header_fields
from .stored_fields import check_key_fields, function, parameters, tags

SessionMode: TypeAlias = Literal["isolated", "protected"]
SESSION_MODES: tuple[SessionMode, ...] = ("isolated", "protected")

#: The longest time in seconds that a cache has to represent (RFC 9111 §1.2.2).
LONGEST_AGE = 2**31

#: Fields that contradict a protected response, which is always ``private, no-cache``.
_SHARING_FIELDS = (
    "max_age",
    "immutable",
    "stale_while_revalidate",
    "stale_if_error",
    "public",
    "store",
)

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class CachePolicy(NamedTuple):
    """The caching policy of one static endpoint, or of some of its files.

    A field that is ``None`` was not given and takes the app's setting.
    """

    #: Freshness lifetime in whole seconds or as a ``timedelta`` (RFC 9111 §5.2.2.1); 0 means
    #: ``no-cache``, or ``max-age=0`` beside one of the two stale windows.
    max_age: int | None = None
    #: The bytes at the URL never change: no revalidation even on reload (RFC 8246).
    immutable: bool = False
    #: Seconds, or a ``timedelta``, for which a stale response may be used while it is refreshed
    #: (RFC 5861 §3).
    stale_while_revalidate: int | None = None
    #: Seconds, or a ``timedelta``, for which a stale response may stand in for an error
    #: (RFC 5861 §4).
    stale_if_error: int | None = None
    #: Add ``public``: shared caches may keep even responses to requests with ``Authorization``
    #: (RFC 9111 §3.5).
    public: bool | None = None
    #: ``"isolated"``: the session reads as empty. ``"protected"``: it can be read, is never saved,
    #: and the response is ``private, no-cache``; not together with the fields above.
    session: SessionMode | None = None
    #: For files: ``False`` serves a stylesheet byte for byte, so that a hand-written ``integrity``
    #: stays true. Its own URL still has a fingerprint; its references have none.
    rewrite: bool = True
    #: Request header names that the response depends on, added to ``Vary`` (RFC 9110 §12.5.5).
    vary: tuple[str, ...] = ()
    #: Header fields of the responses: a mapping of names and values. ``None`` as a value takes back
    #: a field of ``STATIC_OPTIMIZER_HEADERS``. A field of that name that the view or a hook sets
    #: takes its place.
    headers: HeaderFields = ()
    #: For views: ``False`` keeps responses out of the store, ``True`` puts them there even where
    #: the default is not to store them.
    store: bool | None = None
    #: Names by which stored responses of views can be purged. With ``TAG_HEADERS`` a CDN is told
    #: them, of files, too.
    tags: tuple[str, ...] = ()
    #: For views: a function that is called with the view's arguments before the view runs. It
    #: returns the ``ETag`` (RFC 9110 §8.8.3) of the response that the view would make now. A client
    #: that has this response gets a 304.
    etag: Callable[..., Any] | None = None
    #: For views: a function like ``etag`` that returns a ``datetime`` or seconds since the epoch
    #: (RFC 9110 §8.8.2).
    last_modified: Callable[..., Any] | None = None
    #: For views: the names of the URL's parameters that the response depends on. One stored
    #: response answers all URLs in which these are the same, in any order, and the view sees no
    #: others. ``[]``: it depends on none. ``None``: each query is one of its own, as it was sent.
    query: tuple[str, ...] | None = None
    #: For views: a function that is called with the view's arguments and returns a text that stands
    #: for the query in the key of the stored response. The view sees the parameters that this
    #: function reads, the first value of each or all that it reads by ``getlist()``. Requests with
    #: the same text get the same response. With ``None`` as the text it is not stored.
    key: Callable[..., Any] | None = None
    #: For views: a function that is called with the view's arguments. Where it returns something
    #: true the view runs as if it were not cached: its response is not stored, and says nothing of
    #: caching that the view does not say.
    unless: Callable[..., Any] | None = None
    #: For views: the folder whose files the view sends by the name in its URL, so that ``url_for``
    #: puts fingerprints into these URLs: an absolute path, or one relative to ``app.root_path``.
    folder: str | None = None
    #: For ``flask static audit``: ``False`` for files of others (a vendored package), in which
    #: it is to find no broken stylesheet and no reference to a missing file.
    audit: bool = True

    @classmethod
    def build(cls, where: str, given: Mapping[str, Any]) -> CachePolicy:
        """Check the fields that a user gave, and make a policy of them.

        :param where: the place to name in errors, such as ``@cacheable_static``.
        :param given: field names and values; ages in seconds or as a ``timedelta``.
        :raises ConfigurationError: for unknown fields, wrong types and contradictions.
        """
        return cls().overlaid(where, given)

    def overlaid(self, where: str, given: Mapping[str, Any]) -> CachePolicy:
        """Return a copy of this policy in which the given fields replace its own.

        :param where: the place to name in errors.
        :param given: field names and values; ages in seconds or as a ``timedelta``.
        :raises ConfigurationError: as :meth:`build`.
        """
        checked: dict[str, Any] = {
            name: _checked(where, name, value) for name, value in given.items()
        }
        if checked.get("session") == "protected":
            for name in _SHARING_FIELDS:
                if checked.get(name) not in (None, False):
                    raise ConfigurationError(
                        f"{where}: {name}={given[name]!r} contradicts session='protected', whose"
                        f" responses are always 'private, no-cache'; remove one of the two."
                    )
        check_key_fields(where, checked)
        # Of the two, that of a rule takes the place of the decorator's.
        if checked.get("query") is not None:
            checked["key"] = None
        elif checked.get("key") is not None:
            checked["query"] = None
        policy = self._replace(**checked)
        if policy.immutable and policy.session == "protected":
            raise ConfigurationError(
                f"{where}: immutable=True contradicts session='protected'; remove one of the two."
            )
        if policy.immutable and policy.max_age == 0:
            raise ConfigurationError(
                f"{where}: immutable=True contradicts max_age=0; give an age or drop immutable."
            )
        if policy.store and policy.max_age == 0:
            raise ConfigurationError(
                f"{where}: store=True contradicts max_age=0, as what is not fresh is not stored;"
                " give an age or drop store."
            )
        return policy

    @property
    def sent_headers(self) -> tuple[tuple[str, str], ...]:
        """The header fields of the responses, without those that are taken back."""
        return tuple((name, value) for name, value in self.headers if value is not None)

    @property
    def has_key(self) -> bool:
        """True if it says what of the query counts."""
        return self.query is not None or self.key is not None

    @property
    def needs_request(self) -> bool:
        """True if it has a function that decides in each request what is stored and found."""
        return self.key is not None or self.unless is not None

    def is_public(self, default: bool) -> bool:
        """Return whether responses to requests with credentials may be shared.

        :param default: what holds where the policy says nothing.
        """
        return default if self.public is None else self.public

    def cache_control(self, max_age: int) -> str:
        """Return the ``Cache-Control`` value of a successful response.

        :param max_age: the freshness lifetime in seconds.
        """
        if not (max_age or self.stale_while_revalidate or self.stale_if_error):
            return "no-cache"
        directives = [f"max-age={max_age}"]
        if self.immutable and max_age:
            directives.append("immutable")
        if self.stale_while_revalidate is not None:
            directives.append(f"stale-while-revalidate={self.stale_while_revalidate}")
        if self.stale_if_error is not None:
            directives.append(f"stale-if-error={self.stale_if_error}")
        return ", ".join(directives)


FIELDS = frozenset(CachePolicy._fields)

#: The fields that only the files of static folders can have.
FILE_FIELDS = frozenset({"rewrite"})

#: The fields that only views can have.
ROUTE_FIELDS = frozenset({"query", "key", "unless"})


def seconds(where: str, value: object) -> int:
    """Return an age as whole seconds.

    :param where: the place to name in errors.
    :param value: seconds as a number, or a ``timedelta``.
    :raises ConfigurationError: if the value has another type, or is negative, not whole, not
        finite or larger than :data:`LONGEST_AGE`.
    """
    number = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise ConfigurationError(f"{where} is {value!r}: give seconds as a number or a timedelta.")
    if not math.isfinite(number) or not 0 <= number <= LONGEST_AGE or number != int(number):
        raise ConfigurationError(
            f"{where} is {value!r}: give a whole number of seconds from 0 to {LONGEST_AGE}."
        )
    return int(number)


def boolean(where: str, value: object) -> bool:
    """Return ``value`` if it is a ``bool``.

    :raises ConfigurationError: if it is anything else, such as ``1`` or ``"true"``.
    """
    if not isinstance(value, bool):
        raise ConfigurationError(
            f"{where} is {value!r}: give True or False (true or false in the environment)."
        )
    return value


def session_mode(where: str, value: object) -> SessionMode:
    """Return ``value`` if it names a session mode.

    :raises ConfigurationError: if it does not.
    """
    for mode in SESSION_MODES:
        if value == mode:
            return mode
    raise ConfigurationError(f"{where} is {value!r}: give 'isolated' or 'protected'.")


def _vary(where: str, value: object) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)):
        raise ConfigurationError(f"{where} is {value!r}: give a list of header names.")
    for name in names:
        if not isinstance(name, str) or not _TOKEN.fullmatch(name) or name == "*":
            raise ConfigurationError(f"{where} holds {name!r}: that is not a header name.")
    return tuple(names)


def _folder(where: str, value: object) -> str:
    if not isinstance(value, (str, os.PathLike)) or not os.fspath(value):
        raise ConfigurationError(
            f"{where} is {value!r}: give the path of a folder, absolute or relative to the app's"
            " root_path."
        )
    return os.fsdecode(value)


_CHECKS: Mapping[str, Callable[[str, object], object]] = {
    "max_age": seconds,
    "immutable": boolean,
    "stale_while_revalidate": seconds,
    "stale_if_error": seconds,
    "public": boolean,
    "session": session_mode,
    "rewrite": boolean,
    "vary": _vary,
    "headers": header_fields,
    "store": boolean,
    "tags": tags,
    "etag": function,
    "last_modified": function,
    "query": parameters,
    "key": function,
    "unless": function,
    "folder": _folder,
    "audit": boolean,
}


def _checked(where: str, name: object, value: object) -> object:
    if name not in FIELDS:
        raise ConfigurationError(f"{where}: unknown field {name!r}; {nearest(str(name), FIELDS)}")
    if value is None and name not in ("audit", "headers", "immutable", "rewrite", "tags", "vary"):
        return None
    return _CHECKS[str(name)](f"{where}: {name}", value)
