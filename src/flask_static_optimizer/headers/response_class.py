"""Response classes that send their header fields unchanged once these are complete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response as WerkzeugResponse

from ..requests.stand_ins import named_like

if TYPE_CHECKING:
    from flask import Response
    from werkzeug.datastructures import Headers


class ReadyClasses(dict[type["Response"], type["Response"]]):
    """A mapping of each response class that an app has used to a subclass for ready headers."""

    def __missing__(self, base: type[Response]) -> type[Response]:
        return self.setdefault(base, _ready_class(base))


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
