"""The validators of a response, as its policy knows them before the view runs."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any, NamedTuple

from ..config.policy import CachePolicy
from ..store.validation import SETTLED

#: An opaque tag or an entity tag (RFC 9110 §8.8.3).
_TAG = re.compile(r'[\x21\x23-\x7e\x80-\xff]+|(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')


class Validators(NamedTuple):
    """The known validators of the response that a view would make now."""

    #: The value of ``ETag``, with its quotes.
    etag: str | None = None
    #: The time of modification in seconds since the epoch.
    last_modified: int | None = None


def ask(policy: CachePolicy, where: str, call: Callable[[Callable[..., Any]], Any]) -> Validators:
    """Return the validators from the ``etag`` and ``last_modified`` functions of a policy.

    :param where: the endpoint to name in errors.
    :param call: a function that calls another one with the view's arguments.
    :raises TypeError: if one of the functions returns a value that can't be a validator.
    """
    etag = modified = None
    if policy.etag is not None:
        etag = _etag(where, call(policy.etag))
    if policy.last_modified is not None:
        modified = _seconds(where, call(policy.last_modified))
        if modified is not None and modified > time.time() - SETTLED:
            modified = None
    return Validators(etag, modified)


def _etag(where: str, value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not _TAG.fullmatch(value):
        raise TypeError(
            f"the etag function of {where!r} gave {value!r}: give a string without spaces, or None."
        )
    return value if value.endswith('"') else f'"{value}"'


def _seconds(where: str, value: object) -> int | None:
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
        return int(aware.timestamp())
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(
            f"the last_modified function of {where!r} gave {value!r}: give a datetime, seconds"
            " since the epoch, or None."
        )
    return int(value)
