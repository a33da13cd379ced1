"""The reasons of a static response: of its status and of each header field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from ...assets.variant import NOT_YET
from ...config.names import PREFIX
from ...http.statuses import CACHEABLE
from ...http.workers import is_for_worker
from ..exchange import Exchange, environ_of

if TYPE_CHECKING:
    from flask import Flask

    from ...requests.mark import Mark
    from ...state import AppState

_PLAIN_MODULE = (
    "an ES module, which imports of others name by its plain URL; with an import map on all pages"
    f" set {PREFIX}IMPORTMAP"
)


class Reason(NamedTuple):
    """A line of the explanation."""

    what: str
    value: str
    why: str


class Reasons:
    """A set of reasons for one response to a static request.

    :param state: the parts of the extension.
    :param app: the app.
    :param answer: the request and its response.
    :param mark: the mark of the request.
    :param headers: the header fields of the request.
    :param query: the query of its URL.
    """

    def __init__(
        self,
        state: AppState,
        app: Flask,
        answer: Exchange,
        mark: Mark,
        headers: Mapping[str, str],
        query: str,
    ) -> None:
        self._state = state
        self._app = app
        self._answer = answer
        self._mark = mark
        self._headers = headers
        self._sent = {name.lower() for name in headers}
        self._query = query

    def all(self) -> Iterator[Reason]:
        """Yield the reasons, in the order in which a reader asks for them."""
        mark, answer = self._mark, self._answer
        folder = "Flask's own view over a static folder"
        if mark.endpoint.root_file:
            folder = f"a file of the app's static folder: {PREFIX}ROOT_FILES"
        yield Reason("Static", "yes", folder if mark.endpoint.folder else "a view of the app")
        yield self._rule()
        yield self._mode()
        yield from self._key()
        yield Reason("Status", str(answer.status), self._status())
        for name, value in answer.headers:
            why = self._why(name.lower(), value)
            if why:
                yield Reason(name, value, why)
        if answer.cookies:
            yield Reason("Set-Cookie", "dropped", f"no cookie leaves: {', '.join(answer.cookies)}")
        if (
            "Content-Encoding" not in answer.headers
            and mark.view.representation
            and answer.status == 200
        ):
            yield Reason("Content-Encoding", "none", self._no_coding())

    def _rule(self) -> Reason:
        for rule, policy in self._mark.endpoint.choices:
            # Each rule of an endpoint has a policy object of its own.
            if policy is self._mark.policy:
                return Reason("Rule", rule.key, f"the first of {PREFIX}RULES that matches")
        return Reason("Rule", "none", f"no rule of {PREFIX}RULES matches")

    def _mode(self) -> Reason:
        if self._mark.protected:
            opened = (
                "was opened" if self._mark.session.opened else "was not opened, as nobody looked"
            )
            return Reason("Session", "protected", f"the real session can be read; it {opened}")
        looked = "; somebody looked, and saw an empty one" if self._mark.session.looked else ""
        return Reason("Session", "isolated", f"the session store is not asked{looked}")

    def _key(self) -> Iterator[Reason]:
        """Say what of the query counts, and what decides about it in the request."""
        policy = self._mark.policy
        if policy.query is not None:
            names = ", ".join(policy.query) or "no parameter"
            yield Reason("Key", names, "query of the policy: the view sees no other parameters")
        if policy.key is not None:
            why = "key of the policy: the view sees the parameters that it reads"
            yield Reason("Key", "a function", why)
        if policy.unless is not None:
            exempt = self._mark.view.exempt
            why = "it says so for this request" if exempt else "it does not say so"
            yield Reason("Unless", "not cached" if exempt else "cached", why)
        if policy.needs_request and self._state.lane is not None:
            why = "and not before Flask, as a function of the policy is called in the request"
            yield Reason("Answered", "with the app's hooks", why)

    def _status(self) -> str:
        status = self._answer.status
        if self._mark.view.succeeded and status in CACHEABLE:
            return {
                304: "a condition of the request holds: the client has these bytes",
                206: "a part was asked for",
            }.get(status, "the static view answered")
        if self._mark.view.exempt:
            return "the view answered, as if it were not cached"
        if self._mark.view.stated is not None:
            return "the static view answered, and said how long it holds"
        view = self._mark.view
        if view.response is not None and status == view.status:
            return "the static view's own answer, which says nothing of how long it holds"
        if view.response is None:
            return "something answered in place of the static view (a hook, an error, a redirect)"
        return "what the static view found was changed by a condition, a range or a hook"

    def _why(self, name: str, value: str) -> str | None:
        if name == "cache-control":
            return self._cache_control(value)
        if name == "vary":
            return self._vary(value)
        if (name, value) in ((own.lower(), said) for own, said in self._mark.policy.sent_headers):
            if name in (field.lower() for field in self._state.settings.tag_headers):
                return f"{PREFIX}TAG_HEADERS: the tags of the policy, for a CDN to purge by"
            if name == "access-control-allow-origin" and self._state.settings.host_url:
                return f"pages load files from {PREFIX}HOST_URL; or {PREFIX}HEADERS, or a policy"
            return f"{PREFIX}HEADERS, or headers of the rule or the decorator"
        return {
            "etag": self._etag(value),
            "content-encoding": "the best compression that the client takes",
            "last-modified": "the file's modification time",
            "cdn-cache-control": f"{PREFIX}CDN_CACHE_CONTROL, for shared caches alone",
            "accept-ranges": "parts of it can be asked for",
            "x-accel-redirect": f"{PREFIX}SENDFILE: nginx sends the file",
            "x-sendfile": f"{PREFIX}SENDFILE: the front server sends the file",
            "use-as-dictionary": f"{PREFIX}DELTA: later versions can be told by what changed",
        }.get(name)

    def _etag(self, value: str) -> str:
        if value != self._mark.view.etag:
            return "the view's own, or of a body that a hook has changed"
        if '"s-' in value:
            return "made of the file's state: it is too large to be hashed while a client waits"
        return "the first 128 bits of the SHA-256 of the bytes"

    def _cache_control(self, value: str) -> str:
        mark = self._mark
        if is_for_worker(environ_of(self._app, "/", self._headers)):
            return "asked for by a service worker or as an import of a worker: never kept"
        if mark.view.exempt:
            return "unless of the policy: only the view's own word, and 'private' if need be"
        if value == "no-store":
            return "not what the policy speaks of (an error, a redirect, a hook): nobody keeps it"
        if mark.protected:
            return "protected: only the browser keeps it, and asks each time, so that guards check"
        if "private" in value:
            return self._private()
        if mark.view.stated is not None:
            return "the view's own word"
        said = (mark.view.cache_control or "").removeprefix("public, ")
        if said and value.removeprefix("public, ") != said:
            return "a hook's own word"
        if mark.view.cache_control is None:
            return "the view's own word"
        if value.removeprefix("public, ") == "no-cache" and self._query and self._is_module():
            return _PLAIN_MODULE
        representation = mark.view.representation
        if representation is not None and representation.verified is False:
            return "the URL has the fingerprint of another version"
        if representation is not None and representation.verified and self._app.debug:
            return "debug mode: nothing is kept"
        if "immutable" in value:
            return f"the URL has the fingerprint of these very bytes: {PREFIX}MAX_AGE"
        fingerprint = representation.asset.fingerprint if representation else None
        if fingerprint is not None and fingerprint in self._query:
            return "the URL's fingerprint can't be read: put a '&' between it and what stands by it"
        return self._age()

    def _private(self) -> str:
        if self._mark.session.written:
            return f"the session was written to ({', '.join(sorted(self._mark.session.dropped))})"
        if "authorization" in self._sent:
            return "the request has Authorization, and nothing says public"
        return "the response says Vary: Cookie, or a hook says so"

    def _age(self) -> str:
        if self._mark.policy.max_age is not None:
            return "max_age of the rule or the decorator"
        if self._state.settings.unversioned_max_age is not None:
            return f"{PREFIX}UNVERSIONED_MAX_AGE"
        if self._app.config["SEND_FILE_MAX_AGE_DEFAULT"] is not None:
            return "SEND_FILE_MAX_AGE_DEFAULT"
        if self._app.debug:
            return "debug mode: nothing is kept"
        if self._is_module():
            return _PLAIN_MODULE
        if self._answer.headers.get("Cache-Control", "").endswith("no-cache"):
            return "by default what breaks pages when it is old (HTML, data) is asked for each time"
        return "the default of one hour for URLs without a fingerprint"

    def _is_module(self) -> bool:
        found = self._mark.view.representation
        mount = self._mark.endpoint.mount
        if found is None or mount is None:
            return found is not None and found.asset.is_module
        return self._state.catalogue.keeps_plain_url(mount, found.asset)

    def _vary(self, value: str) -> str:
        said = {name.strip().lower() for name in value.split(",")}
        why = []
        if "accept-encoding" in said:
            why.append("clients that take compression get it compressed")
        if "cookie" in said:
            why.append("it is protected" if self._mark.protected else "the view or a hook says so")
        if "available-dictionary" in said:
            why.append("there may be deltas")
        if said & {name.lower() for name in self._mark.policy.vary}:
            why.append("the policy names a header")
        return "; ".join(why) or "the view or a hook says so"

    def _no_coding(self) -> str:
        representation = self._mark.view.representation
        assert representation is not None, "it was asked for"
        variants = self._state.variants.of(representation.asset)
        if variants:
            return f"the client does not take {', '.join(variants)} (-H 'Accept-Encoding: gzip')"
        if self._app.debug:
            return "debug mode: nothing is compressed"
        if variants is NOT_YET and not representation.asset.settled:
            return "the file has changed just now; it is compressed in a moment: ask again"
        if variants is NOT_YET:
            return "what is compressed is being made for another request at the moment: ask again"
        return "none makes it smaller, or it is too large ('flask static build' makes more)"
