"""Responses of static views, which send their header fields unchanged once these are complete."""

from __future__ import annotations

import copy
from typing import Any

from flask import Response
from werkzeug.datastructures import Headers
from werkzeug.wrappers import Response as WerkzeugResponse

from ..http.bodies import Chunks, sent
from ..http.fields import fields_of, headers_of
from ..requests.stand_ins import named_like

Fields = list[tuple[str, str]]

#: The attributes that each response is given.
_GIVEN = frozenset({"direct_passthrough", "headers", "response"})


#: The number of response classes whose pattern is kept.
_CLASSES = 64

#: The methods by which a class says how its objects are copied.
_COPYING = ("__copy__", "__getstate__", "__reduce__", "__reduce_ex__")


class Pattern:
    """A pattern of an app's responses of static views.

    Making a response checks each of its header fields. Those of files and of stored responses were
    checked before, so the responses are copies of one response's state with other fields and
    another body, if the app's class makes nothing of its own with each.

    :param base: the class of the app's responses.
    """

    def __init__(self, base: type[Response]) -> None:
        #: The class of the responses, which sends header fields unchanged once these are complete.
        self.kind = _ready_class(base)
        self._state: dict[str, Any] = {}
        #: What is different where the status is another.
        self._of_status: dict[int, dict[str, Any]] = {}
        is_plain = all(
            getattr(base, name) is getattr(Response, name)
            for name in ("__init__", "__new__", "__setattr__", "status", "status_code")
        )
        made = vars(self.kind(status=200)) if is_plain else {}
        if {"headers", "response", "direct_passthrough"} <= made.keys():
            self._state = made
            for status in (206, 304):
                now = vars(self.kind(status=status)).items()
                self._of_status[status] = {name: it for name, it in now if it != made[name]}
        self._copies = (
            bool(self._state)
            and all(getattr(base, name, None) is getattr(Response, name, None) for name in _COPYING)
            and not any(vars(kind).get("__slots__") for kind in base.__mro__)
        )
        self._lists = [name for name, value in made.items() if value == [] and name not in _GIVEN]

    def response(self, body: Any, fields: Fields, *, passes: bool) -> Response:
        """Return a new response of status 200.

        :param fields: its header fields, which were checked before.
        :param passes: whether the body is passed through to the server.
        """
        if not self._state:
            return self.kind(body, 200, Headers(fields), direct_passthrough=passes)
        made: Response = object.__new__(self.kind)
        made.__dict__ = state = self._state.copy()
        for name in self._lists:
            state[name] = []
        state["headers"], state["response"] = headers_of(fields[:]), body
        state["direct_passthrough"] = passes
        return made

    def copy(self, response: Response) -> Response:
        """Return a copy of a response, with all that the view or its class has given it."""
        if not self._copies:
            return copy.copy(response)
        made: Response = object.__new__(self.kind)
        vars(made).update(vars(response))
        return made

    def say(self, response: Response, status: int) -> None:
        """Give one of these responses another status."""
        state = self._of_status.get(status)
        if state:
            response.__dict__.update(state)
        else:
            response.status_code = status


class Patterns(dict[type[Response], Pattern]):
    """The pattern for each response class that an app has used."""

    def __missing__(self, base: type[Response]) -> Pattern:
        made = Pattern(base)
        if len(self) >= _CLASSES:  # a view may make a class for each response
            return made
        return self.setdefault(base, made)


def set_ready(response: Response, status: int) -> None:
    """Mark the header fields of a response as complete for its status, which is given."""
    response._ready_status = status  # type: ignore[attr-defined]


#: The methods by which Werkzeug sends a response. A class with its own keeps them.
_SENDING = ("__call__", "get_app_iter", "get_wsgi_headers", "get_wsgi_response")


def _ready_class(base: type[Response]) -> type[Response]:
    # Werkzeug's methods copy the fields to complete them; the subclass avoids that.
    if any(getattr(base, name) is not getattr(WerkzeugResponse, name) for name in _SENDING):
        return base

    class Ready(base):  # type: ignore[misc, valid-type]
        _ready_status: int | None = None

        def get_wsgi_headers(self, environ: Any) -> Headers:
            if self._ready_status == self.status_code:
                return self.headers  # type: ignore[no-any-return]
            return super().get_wsgi_headers(environ)  # type: ignore[no-any-return]

        def __call__(self, environ: Any, start_response: Any) -> Any:
            status = self._ready_status
            try:
                if status is None or status != self.status_code:
                    return super().__call__(environ, start_response)
                # As Werkzeug's methods do for a body that is passed through.
                body: Any = self.response
                if status == 304:
                    body = Chunks((), self.close)
                elif environ["REQUEST_METHOD"] == "HEAD" or status == 204:
                    body = self.get_app_iter(environ)
                elif self.direct_passthrough:
                    body = sent(*body) if type(body) is tuple else body
                elif type(body) is tuple:
                    body = Chunks(body, self.close)
                else:
                    body = self.get_app_iter(environ)
                start_response(self.status, fields_of(self.headers)[:])
            except BaseException:  # The server can't close a body that it did not get.
                self.close()
                raise
            return body

    return named_like(Ready, base)
