"""The validators of a response, as its policy knows them before the view runs."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

from werkzeug.http import http_date

from ..http.conditional import precondition
from ..store.validation import SETTLED

if TYPE_CHECKING:
    from flask import Flask, Response

    from ..requests.mark import Mark

#: An opaque tag or an entity tag (RFC 9110 §8.8.3).
_TAG = re.compile(r'[\x21\x23-\x7e\x80-\xff]+|(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')


class Validators(NamedTuple):
    """The known validators of the response that a view would make now."""

    #: The value of ``ETag``, with its quotes.
    etag: str | None = None
    #: The time of modification in seconds since the epoch.
    last_modified: int | None = None


class ViewValidators:
    """The validators of one request's view, for which its policy's functions are asked once.

    :param mark: the mark of the request.
    :param call: a function that calls another one with the view's arguments.
    """

    def __init__(self, mark: Mark, call: Callable[[Callable[..., Any]], Any]) -> None:
        self._mark = mark
        self._call = call
        self._known: Validators | None = None

    def ask(self) -> Validators:
        """Return the validators from the ``etag`` and ``last_modified`` functions of the policy.

        :raises TypeError: if one of the functions returns a value that can't be a validator.
        """
        if self._known is not None:
            return self._known
        policy, where = self._mark.policy, self._mark.endpoint.name
        etag = modified = None
        if policy.etag is not None:
            etag = _etag(where, self._call(policy.etag))
        if policy.last_modified is not None:
            modified = _seconds(where, self._call(policy.last_modified))
            if modified is not None and modified > time.time() - SETTLED:
                modified = None
        self._known = Validators(etag, modified)
        return self._known

    def not_modified(self, app: Flask, environ: Mapping[str, Any]) -> Response | None:
        """Return a 304 if a validator shows that the client has it all."""
        etag, modified = self.ask()
        method = environ["REQUEST_METHOD"]
        if (etag is None and modified is None) or (
            precondition(method, environ, etag, modified) != 304
        ):
            return None
        response = app.response_class(status=304)
        del response.headers["Content-Type"]
        self._mark.view.response = response
        self.say(response)
        return response

    def say(self, response: Response) -> None:
        """Set the validators of a response of the view."""
        etag, modified = self.ask()
        if (etag is None and modified is None) or response.status_code not in (200, 203, 304):
            return
        # With the empty string the response gets no ETag of its bytes either: a client with an ETag
        # would send that instead of the date.
        self._mark.view.validator = etag or ""
        if etag is not None and response.status_code == 304:
            response.headers["ETag"] = etag
        if modified is not None and response.status_code != 304:
            response.headers["Last-Modified"] = http_date(modified)


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
