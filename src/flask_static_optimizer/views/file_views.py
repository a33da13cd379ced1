"""The files that views of the app's own send, answered as those of static folders are."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from werkzeug.wsgi import FileWrapper

from ..headers.etags import is_plain_file
from ..headers.sent_bytes import hide_accept_encoding
from ..http.bodies import MemorySlice
from ..http.content import has_content
from ..http.fields import headers_of, is_authenticated
from .file_terms import terms_of

if TYPE_CHECKING:
    from flask import Flask, Request, Response
    from werkzeug.datastructures import Headers

    from ..assets.asset import Asset
    from ..assets.representation import Representation
    from ..assets.representations import Representations
    from ..assets.sent_files import SentFiles
    from ..config.policy import CachePolicy
    from ..config.settings import Settings
    from ..headers.response_class import Patterns
    from ..requests.mark import Mark

#: The number of characters of the longest request whose representation is remembered.
_LONGEST = 2048


class Chosen(NamedTuple):
    """The representation of a file that a view sends, and the same without a coding."""

    representation: Representation
    plain: Representation
    #: The ``Cache-Control`` value, if it is the extension's and not the view's own.
    cache_control: str | None


class FileViews:
    """The answers to requests for the files that the static views of one app send.

    The view itself always runs, with all guards in it. It opens the file, and the state of the open
    file tells which bytes it has.
    """

    def __init__(
        self,
        settings: Settings,
        sent: SentFiles,
        representations: Representations,
        patterns: Patterns,
    ) -> None:
        self._settings = settings
        self._sent = sent
        self._representations = representations
        self._patterns = patterns

    def answer(self, app: Flask, mark: Mark, this: Request, response: Response) -> Response | None:
        """Return the response of a view with what is known of the file that it sends.

        ``None`` is returned where the view sends something else, or where nothing is sure of the
        file's bytes: it was written just now.
        """
        file = _sent_file(response)
        if file is None or not self.takes(mark, this.environ):
            return None
        state = os.fstat(file.fileno())
        said, kind = _said(response.headers, state.st_size)
        if kind is None or not isinstance(file.name, str):
            return None
        asset = self._sent.find(file.name, state, kind)
        if asset is None:
            return None
        chosen = self._chosen(app, mark, this.environ, response, asset, said)
        if chosen is None:
            return None
        if chosen.plain.body is not None:
            file.close()
            body: Any = MemorySlice(chosen.plain.body)
        else:
            body = asset.slice_of(file, state)
        return self._respond(app, mark, this, response, body, chosen)

    def takes(self, mark: Mark, environ: dict[str, Any]) -> bool:
        """Return whether a request may be one for a file, and is not left to the store."""
        policy = mark.policy
        return (
            environ["REQUEST_METHOD"] in ("GET", "HEAD")
            and (not policy.store or self._is_unshared(policy, environ))
            and policy.etag is None
            and policy.last_modified is None
            and not has_content(environ)
        )

    def _is_unshared(self, policy: CachePolicy, environ: dict[str, Any]) -> bool:
        """Return whether no response to a request is stored, as it has credentials."""
        return is_authenticated(environ) and not policy.is_public(self._settings.public)

    def _chosen(
        self,
        app: Flask,
        mark: Mark,
        environ: Mapping[str, Any],
        response: Response,
        asset: Asset,
        said: dict[str, str],
    ) -> Chosen | None:
        """Return the representation for a request, as an earlier one has found it if it was alike.

        :param said: the header fields of the view's response, as far as they differ from file to
            file or from view to view.
        """
        has_version = mark.policy.folder is not None or asset.named_by_hash
        key = (
            tuple(said.items()),
            # Each rule of an endpoint has a policy of its own, which lives as long as the app.
            id(mark.policy),
            environ.get("HTTP_ACCEPT_ENCODING"),
            (environ.get("PATH_INFO"), environ.get("QUERY_STRING")) if has_version else None,
            app.debug,
            app.config.get("SEND_FILE_MAX_AGE_DEFAULT"),
        )
        keep = "HTTP_IF_RANGE" not in environ
        known: Chosen | None = self._representations.recall(asset, key) if keep else None
        if known is not None:
            return known
        made = terms_of(self._settings, app, mark, environ, response, asset)
        if made is None:
            return None
        choose, plain_of = self._representations.choose, self._representations.plain
        try:
            representation = choose(None, asset, environ, made.terms, made.verified)
            plain = plain_of(representation)
        except OSError:  # it is being replaced; the view has it open
            return None
        chosen = Chosen(representation, plain, None if made.is_own else plain.cache_control)
        if keep and not representation.is_temporary and _is_short(environ):
            self._representations.remember(asset, key, chosen)
        return chosen

    def _respond(
        self,
        app: Flask,
        mark: Mark,
        this: Request,
        response: Response,
        body: Any,
        chosen: Chosen,
    ) -> Response:
        """Return a response like the view's, for hooks to see: the whole file, without a coding.

        Which bytes are sent is decided after all hooks (``headers.sent_bytes``).
        """
        plain, view = chosen.plain, mark.view
        pattern = self._patterns[type(response)]
        made = pattern.copy(response)
        made.headers = headers_of(plain.headers[:])
        made.response = body
        view.response, view.pattern = made, pattern
        view.etag = plain.etag
        view.cache_control = chosen.cache_control
        view.body = body
        view.sent = plain.headers
        view.representation = chosen.representation
        if chosen.representation is not plain and app.after_request_funcs:
            hide_accept_encoding(view, this)
        return made


def _is_short(environ: Mapping[str, Any]) -> bool:
    """Return whether what a client has written into a request takes little memory."""
    fields = ("HTTP_ACCEPT_ENCODING", "PATH_INFO", "QUERY_STRING")
    return sum(len(environ.get(name, "")) for name in fields) <= _LONGEST


def _sent_file(response: Response) -> Any:
    """Return the file that a response has as its whole body, or ``None`` for any other body."""
    body = response.response
    if type(body) is not FileWrapper or response.status_code != 200:
        return None
    file = body.file
    if not response.direct_passthrough or not is_plain_file(file) or file.tell():
        return None
    return file


def _said(headers: Headers, size: int) -> tuple[dict[str, str], tuple[str, str | None] | None]:
    """Return what tells the responses of a file apart, and the media type and coding they have.

    The time of the day is none of it: ``Date``, and ``Expires`` where ``max-age`` says the same.

    :param size: the size of the file in bytes. The kind is ``None`` for a body of another one.
    """
    fields = headers.to_wsgi_list()
    said = {name.lower(): value for name, value in fields}
    if len(said) < len(fields):
        said = {name: ",".join(headers.getlist(name)) for name in said}
    said.pop("date", None)
    if "max-age=" in said.get("cache-control", ""):
        said.pop("expires", None)
    content_type, coding, length = map(
        said.get, ("content-type", "content-encoding", "content-length")
    )
    if content_type is None or length not in (None, str(size)) or "," in (coding or ""):
        return said, None
    return said, (content_type, coding)
