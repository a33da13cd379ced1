"""Response classes that send their header fields unchanged once these are complete."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Response
from werkzeug.datastructures import Headers
from werkzeug.wrappers import Response as WerkzeugResponse

from ..http.answer import STATUS_LINES
from ..http.fields import headers_of
from ..requests.stand_ins import named_like


class ReadyClasses(dict[type[Response], type[Response]]):
    """A mapping of each response class that an app has used to a subclass for ready headers."""

    def __missing__(self, base: type[Response]) -> type[Response]:
        return self.setdefault(base, _ready_class(base))


class Pattern:
    """A pattern of responses that differ in nothing but their bodies.

    Making a response checks each of its header fields. The pattern's were checked, so the responses
    are copies of the first one's state, if the app's class makes nothing of its own with each.

    :param kind: the class of the responses.
    :param fields: the header fields of each.
    """

    def __init__(self, kind: type[Response], fields: list[tuple[str, str]]) -> None:
        self.kind = kind
        self._fields = fields
        self._state: dict[str, Any] = {}
        made = self._made(None)
        is_plain = all(
            getattr(kind, name) is getattr(Response, name)
            for name in ("__init__", "__new__", "__setattr__")
        )
        if is_plain and {"headers", "response"} <= vars(made).keys():
            self._fields = made.headers.to_wsgi_list()
            self._state = vars(made)
        self._lists = [name for name, value in self._state.items() if value == []]

    def response(self, body: Iterable[bytes]) -> Response:
        """Return a new response with a body, of status 200."""
        if not self._state:
            return self._made(body)
        made: Response = object.__new__(self.kind)
        headers = headers_of(self._fields[:])
        state = vars(made)
        state.update(self._state)
        for name in self._lists:
            state[name] = []
        state["headers"], state["response"] = headers, body
        return made

    def _made(self, body: Iterable[bytes] | None) -> Response:
        return self.kind(body, STATUS_LINES[200], Headers(self._fields), direct_passthrough=True)


def set_ready(response: Response) -> None:
    """Mark the header fields of a response as complete for its current status."""
    response._ready_status = response.status_code  # type: ignore[attr-defined]


def _ready_class(base: type[Response]) -> type[Response]:
    # Werkzeug's method copies the fields to complete them; the subclass avoids that. A class with
    # its own get_wsgi_headers keeps it.
    if base.get_wsgi_headers is not WerkzeugResponse.get_wsgi_headers:
        return base

    class Ready(base):  # type: ignore[misc, valid-type]
        _ready_status: int | None = None

        def get_wsgi_headers(self, environ: Any) -> Headers:
            if self._ready_status == self.status_code:
                return self.headers  # type: ignore[no-any-return]
            return super().get_wsgi_headers(environ)  # type: ignore[no-any-return]

        def __call__(self, environ: Any, start_response: Any) -> Any:
            try:
                return super().__call__(environ, start_response)
            except BaseException:  # The server can't close a body that it did not get.
                self.close()
                raise

    return named_like(Ready, base)
