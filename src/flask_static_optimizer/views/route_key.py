"""The part of a URL that a stored response is found by, and that its view sees."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from flask.globals import request_ctx

from ..http.query import names_in, only
from ..requests.parameters import MADE_OF_QUERY, Reads, watch

if TYPE_CHECKING:
    from flask import Request

    from ..monitoring.log import Log
    from ..requests.mark import Mark

Call = Callable[[Callable[..., Any]], Any]

#: The keys of an environ that have a URL with its query, which is no part of PEP 3333.
_WHOLE_URLS = ("RAW_URI", "REQUEST_URI")


def is_exempt(log: Log, mark: Mark, request: Request, call: Call) -> bool:
    """Return whether the policy's ``unless`` exempts a request from caching.

    It does so, too, if it raises an exception, which the log names once. It may read any parameter,
    as the response does not depend on what it finds.

    :param call: a function that calls another one with the view's arguments.
    """
    function = mark.policy.unless
    if function is None:
        return False
    try:
        with _anew(request):
            return bool(call(function))
    except Exception:  # noqa: BLE001  # it is logged
        _failed(log, mark, "unless", "The view runs as if it were not cached.")
        return True


class RouteKey:
    """The key of a request to a route whose policy says what of the query counts.

    The view sees the query that the key is made of, so that nothing else can change its response.

    :param call: a function that calls another one with the view's arguments.
    """

    def __init__(self, log: Log, mark: Mark, request: Request, call: Call) -> None:
        self._log = log
        self._mark = mark
        self._request = request
        self._query = str(request.environ.get("QUERY_STRING", ""))
        #: The names of the parameters that count; ``None`` for all.
        self._names: frozenset[str] | None = frozenset(mark.policy.query or ())
        #: Those of which only the first value counts, as the ``key`` function read no other.
        self._firsts: frozenset[str] = frozenset()
        #: Whether the view has read parameters that do not count in ``args`` that a hook has kept.
        self._has_more = False
        #: What stands for the query in the key, where a function makes it.
        self.text: str | None = None
        #: Whether there is a key. Without one nothing is read from the store, nor stored.
        self.is_known = True
        if mark.policy.key is not None:
            self._ask(mark.policy.key, call)
        names = self._names
        shown = self._query if names is None else only(self._query, names, self._firsts)
        self._shown = shown
        self._hidden = frozenset(names_in(self._query) - names_in(shown))
        if names is not None and self._firsts and shown != only(self._query, names):
            self._hidden |= self._firsts

    def leaks(self) -> bool:
        """Return whether anything but the view has read what the view does not see.

        A hook may have, and may have left something of it for the view. The log names it once.
        """
        reads = self._mark.reads
        if reads is None or not (self._hidden or self._has_more):
            return False
        leaked = self._hidden if reads.everything or _has_url(self._request) else frozenset()
        leaked |= self._hidden & reads.names
        if not leaked and not self._has_more:
            return False
        name, read = self._mark.endpoint.name, leaked & reads.names or self._beyond(reads)
        self._log.warn_once(
            ("read before the view", name),
            "static_optimizer: a hook has read %s of the URL before the view %r, which its key"
            " leaves out. As the response may depend on it, such requests are not answered from the"
            " store. Read it in an after_request function, or %s.",
            f"the parameter {min(read)!r}" if read else "all parameters",
            name,
            self._remedy(),
        )
        return True

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Let the request have no other parameters than those that count."""
        if self._names is None or not self.is_known:
            yield
            return
        environ, kept = self._request.environ, vars(self._request)
        sent, urls = kept.get("query_string"), _urls(environ)
        adapter = vars(request_ctx).get("url_adapter")
        reads = self._mark.reads or Reads()
        before, had_all = self._beyond(reads), reads.everything
        with_query = f"?{self._shown}" if self._shown else ""
        environ["QUERY_STRING"] = self._shown
        environ.update({key: url.partition("?")[0] + with_query for key, url in urls.items()})
        kept["query_string"] = self._shown.encode("latin-1", "replace")
        bound = {} if adapter is None else vars(adapter)
        whole = bound.get("query_args", self._query)
        if "query_args" in bound:
            bound["query_args"] = self._shown
        try:
            with _anew(self._request):
                watch(self._request, Reads(self._tell))
                yield
        finally:
            environ["QUERY_STRING"] = self._query
            environ.update(urls)
            kept["query_string"] = sent
            if "query_args" in bound:  # a known adapter may have been bound meanwhile
                bound["query_args"] = whole
            if self._beyond(reads) != before or reads.everything != had_all:
                self._has_more = True

    def showing(self, call: Call) -> Call:
        """Return a function that calls another one where :meth:`shown` holds."""

        def call_shown(function: Callable[..., Any]) -> Any:
            with self.shown():
                return call(function)

        return call_shown

    def _ask(self, function: Callable[..., Any], call: Call) -> None:
        """Call the policy's ``key``, and note the parameters that it reads."""
        own, text = Reads(), None
        with _anew(self._request):
            watch(self._request, own)
            try:
                text = call(function)
            except Exception:  # noqa: BLE001  # it is logged
                _failed(self._log, self._mark, "key", "The response is not stored.")
            whole = own.everything or _has_url(self._request)
        if text is not None and not isinstance(text, str):
            self._log.warn_once(
                ("key", self._mark.endpoint.name),
                "static_optimizer: the key function of %r gave %r. Give a string, or None for what"
                " is not to be stored. The response is not stored.",
                self._mark.endpoint.name,
                text,
            )
            text = None
        self.text, self.is_known = text, text is not None
        self._names = None if whole else frozenset(own.names)
        self._firsts = frozenset(own.names - own.lists)

    def _beyond(self, reads: Reads) -> set[str]:
        """Return the names of what was read, in what a hook has kept, beyond what counts."""
        return (reads.names - (self._names or set())) | (reads.lists & self._firsts)

    def _tell(self, name: str) -> None:
        """Warn once of a view that reads what it can't see."""
        if self._names is None or name in self._names:
            return
        endpoint = self._mark.endpoint.name
        self._log.warn_once(
            ("read by the view", endpoint),
            "static_optimizer: the view %r reads the parameter %r, which is not there for it, as"
            " its key leaves it out. Leave it alone, or %s.",
            endpoint,
            name,
            self._remedy(),
        )

    def _remedy(self) -> str:
        if self._mark.policy.key is not None:
            return "let the key function read it of request.args, too"
        return f"name it in query={list(self._mark.policy.query or ())!r}"


@contextmanager
def _anew(request: Request) -> Iterator[None]:
    """Let all that is made of the query be made anew, and put back what was there before."""
    kept = vars(request)
    before = {name: kept.pop(name) for name in MADE_OF_QUERY if name in kept}
    try:
        yield
    finally:
        for name in MADE_OF_QUERY:
            kept.pop(name, None)
        kept.update(before)


def _has_url(request: Request) -> bool:
    """Return whether the URL with its query was asked for."""
    return not vars(request).keys().isdisjoint(("url", "full_path"))


def _urls(environ: Mapping[str, Any]) -> dict[str, str]:
    return {key: environ[key] for key in _WHOLE_URLS if isinstance(environ.get(key), str)}


def _failed(log: Log, mark: Mark, field: str, consequence: str) -> None:
    log.warn_once(
        (field, mark.endpoint.name),
        "static_optimizer: the %s function of %r failed. %s\n%s",
        field,
        mark.endpoint.name,
        consequence,
        traceback.format_exc(),
    )
