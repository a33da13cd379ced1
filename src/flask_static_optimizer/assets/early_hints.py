"""103 Early Hints (RFC 8297): the preloads of a page, sent before its view runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import current_app, request

from ..config.bounded import Bounded

if TYPE_CHECKING:
    from flask import Flask

    from .mount import Mount
    from .urls import Urls

#: The most pages whose preloads are remembered.
REMEMBERED = 1024

#: The key of a WSGI environ under which a server offers a function that sends a 103. It takes a
#: list of names and values of header fields.
OFFERED = "wsgi.early_hints"


class Hint(NamedTuple):
    """A preload of a page."""

    mount: Mount
    #: The file's name.
    name: str
    url: str
    #: The value of the ``Link`` field.
    link: str


class EarlyHints:
    """The preloads of an app's pages, learned from the last rendering of each endpoint.

    Only files that are the same for all clients are hinted, and only under URLs that change with
    them.

    :param find_mount: returns the static folder of an endpoint, if it has one.
    :param urls: the fingerprints in URLs.
    :param warn: called with an occasion, a message and its arguments that an operator should read
        once.
    """

    def __init__(
        self,
        find_mount: Callable[[str], Mount | None],
        urls: Urls,
        warn: Callable[..., None],
    ) -> None:
        self._find_mount = find_mount
        self._urls = urls
        self._warn = warn
        #: The preloads by endpoint and ``SCRIPT_NAME``, with which the URLs begin.
        self._known: Bounded[tuple[str | None, str], tuple[Hint, ...]] = Bounded(REMEMBERED)

    def learn(self, preloads: Iterable[tuple[str, str, str, str]]) -> None:
        """Remember the preloads of the current request, whose page has been rendered.

        :param preloads: the endpoint, the file name, the URL and the ``Link`` value of each.
        """
        found = []
        for endpoint, name, url, link in preloads:
            mount = self._find_mount(endpoint)
            # Where a folder's URLs depend on the host, the next request may have another one.
            if mount is not None and mount.prefix is not None:
                found.append(Hint(mount, name, url, link))
        self._known[request.endpoint, request.script_root] = tuple(found)

    def install(self, app: Flask) -> list[Callable[[], None]]:
        """Send the hints of each request after all ``before_request`` functions.

        A request that one of these answers, as an access check does, gets none.

        :returns: the hooks, one for the app and one for each blueprint that has such functions.
        """
        hooks: list[Callable[[], None]] = []
        for name, functions in app.before_request_funcs.items():
            if functions or name is None:
                hook = partial(self._before_request, name)
                functions.append(hook)
                hooks.append(hook)
        return hooks

    def _before_request(self, scope: str | None) -> None:
        """Send the hints, if these are the last functions before the view.

        :param scope: the blueprint whose functions these are; ``None``: they are the app's.
        """
        send = request.environ.get(OFFERED)
        if send is None or not _takes_hints(request.environ):
            return
        hints = self._known.get((request.endpoint, request.script_root))
        if not hints:
            return
        hooked = current_app.before_request_funcs
        if scope != next((name for name in request.blueprints if hooked.get(name)), None):
            return
        is_current = self._urls.is_current
        fields = [
            ("Link", hint.link) for hint in hints if is_current(hint.mount, hint.name, hint.url)
        ]
        if not fields:
            return
        try:
            send(fields)
        except Exception as error:  # noqa: BLE001
            # The page itself needs no hints, and if the client is gone, the server will find out.
            self._warn(
                "early hints",
                "static_optimizer: the server could not send 103 Early Hints: %r. The page is sent"
                " without them. If that goes on, set STATIC_OPTIMIZER_EARLY_HINTS to False.",
                error,
            )


def _takes_hints(environ: dict[str, Any]) -> bool:
    """Return whether a client is known to take hints: a browser that opens a page.

    Others, such as scripts and old proxies, may take a 103 for the response itself (RFC 8297 §3),
    and HTTP/1.0 knows no such responses (RFC 9110 §15.2).
    """
    return (
        environ["REQUEST_METHOD"] == "GET"
        and environ.get("HTTP_SEC_FETCH_MODE") == "navigate"
        and environ.get("SERVER_PROTOCOL") != "HTTP/1.0"
    )
