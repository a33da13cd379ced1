"""The memory of static requests: later ones need not find out again what earlier ones have shown.

All of the app's hooks run for these requests as for any other. Only what Flask would find out once
more is known: the URL match, and which representation of which file answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from werkzeug.routing import MapAdapter

from ..config.bounded import Bounded
from .known import Chosen, Known, Match
from .mark import MARK, Mark, watch_parameters
from .overrides import is_overridden, is_written_in
from .paths import has_plain_router
from .remembered import Remembered, key_of

if TYPE_CHECKING:
    from flask import Flask, Request

    from ..assets.memory import Memory
    from .endpoints import EndpointTable

#: The number of paths whose matches are remembered, of hosts and methods for each, and of the
#: characters of the longest. Limits are needed, as a client can invent any number of each.
_PATHS = 4096
_MATCHES = 16
_LONGEST = 512

#: What a known file takes in memory beside its key, in bytes: measured and rounded up.
_FILE = 2000

#: The fields of requests that nothing is known of.
_OTHERS = frozenset({"HTTP_IF_RANGE", "HTTP_UPGRADE"})

#: The parts of a request that decide about the URL match of a path.
Asked = tuple[str | None, str | None]

#: The attribute of a request that has the mark which it gets when its session is opened.
KNOWN = "_static_optimizer_known"


class KnownRequests:
    """A memory of one app's static requests.

    Only Flask's own router is spared, where the method, the host and the path of a request decide
    about the match, and nothing else.

    :param memory: the memory of the files' bytes.
    :param sends_all: whether the app sends the bytes of all files itself. Else a front server sends
        the protected ones, and the response that hooks see is another.
    """

    def __init__(self, memory: Memory, *, sends_all: bool) -> None:
        self._sends_all = sends_all
        #: The requests for files. Only those by GET are remembered.
        self.files: Remembered[Known] = Remembered(memory, _FILE)
        #: The URL matches by path, and then by host and method.
        self.matches: Bounded[str | None, Bounded[Asked, Match]] = Bounded(_PATHS)
        self._is_plain = self._is_pure = False

    def begin(self, app: Flask) -> bool:
        """Look whether an app's requests can be matched by this memory, and return the answer."""
        self._is_plain = has_plain_router(app) and not is_overridden(
            MapAdapter, "match", MapAdapter, "werkzeug"
        )
        converters = app.url_map.converters.values()
        self._is_pure = all(is_written_in(converter, "werkzeug") for converter in converters)
        return self._is_plain

    def file(self, environ: Mapping[str, Any]) -> Known | None:
        """Return what is known of a request for a file, if the file is unchanged."""
        known = self.files.values.get(key_of(environ))
        return known if known is not None and self.answers(known, environ) else None

    def answers(self, known: Known, environ: Mapping[str, Any]) -> bool:
        """Return whether what is known of a file answers a request with the same key.

        ``If-Range`` may name the ``ETag`` of another coding than ``Accept-Encoding`` selects.
        """
        return (
            environ["REQUEST_METHOD"] == "GET"
            and environ.keys().isdisjoint(_OTHERS)
            and self.files.is_current(known.asset)
        )

    def route(self, environ: Mapping[str, Any]) -> Match | None:
        """Return the URL match of a request for a static view, if it is known.

        Requests for the files of a folder are left to :meth:`file`.
        """
        match = self.match(environ)
        return None if match is None or match.endpoint.static_folder is not None else match

    def match(self, environ: Mapping[str, Any]) -> Match | None:
        """Return the URL match of a request, if it is known."""
        matches = self.matches.get(environ.get("PATH_INFO"))
        if matches is None or "HTTP_UPGRADE" in environ:
            return None
        return matches.get(_asked(environ))

    def learn(self, app: Flask, endpoints: EndpointTable, request: Request, mark: Mark) -> None:
        """Remember the match of a request, if it decides about the next one like it.

        A URL converter of the app's own may decide by anything, so what it may decide about is
        not remembered.
        """
        rule, environ = request.url_rule, request.environ
        if not self._is_plain or rule is None or rule.endpoint != mark.endpoint.name:
            return
        if "HTTP_UPGRADE" in environ or mark.session.opened:
            return
        if not self._is_pure and endpoints.shortcut.find(request.path, environ) is None:
            return
        path, asked = environ.get("PATH_INFO"), _asked(environ)
        if sum(len(part or "") for part in (path, *asked)) > _LONGEST:
            return
        matches = self.matches.get(path)
        if matches is None:
            matches = self.matches[path] = Bounded(_MATCHES)
        names = (None, *reversed(request.blueprints))
        matches[asked] = Match(
            rule,
            mark.view_args,
            mark.endpoint,
            mark.policy,
            mark.protected,
            app.view_functions[rule.endpoint],
            names,
        )

    def learn_file(
        self, app: Flask, environ: Mapping[str, Any], mark: Mark, name: str, chosen: Chosen
    ) -> None:
        """Remember what was chosen for a request, if it answers the next one like it.

        :param name: the name of the file as it stands in the URL.
        """
        match = self.match(environ)
        if match is None or match.endpoint is not mark.endpoint:
            return
        if mark.protected and not self._sends_all:
            return
        if environ["REQUEST_METHOD"] == "GET" and not app.debug:
            known = Known(app, match, chosen, environ)
            self.files.remember(environ, name, chosen.representation, known)


def mark_later(
    request: Request, match: Match, known: Known | None, is_stepped: bool = False
) -> None:
    """Let a request have a mark as soon as its session is opened.

    :param is_stepped: whether the lane takes its steps in Flask's place. It has the mark at once.
    """
    mark = Mark(match.endpoint, match.policy, match.view_args, match.protected)
    mark.match, mark.known, mark.is_stepped = match, known, is_stepped
    request.__dict__[MARK if is_stepped else KNOWN] = mark
    if not match.endpoint.folder:
        watch_parameters(request, mark)


def mark_known(request: Request) -> Mark | None:
    """Mark a request, if it is known, and return the mark.

    Of a request whose session was opened nothing is known, unless the lane takes its steps.
    """
    kept = request.__dict__
    mark: Mark | None = kept.get(MARK)
    if mark is not None:
        return mark if mark.is_stepped else None
    mark = kept.pop(KNOWN, None)
    if mark is not None:
        kept[MARK] = mark
    return mark


def _asked(environ: Mapping[str, Any]) -> Asked:
    return environ.get("HTTP_HOST"), environ.get("REQUEST_METHOD")
