"""The bytes of a file that leave, decided when all hooks have run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import EnvironHeaders, Headers

from ..assets.asset import SMALL
from ..assets.fingerprints import etag, sha256
from ..http.answer import Answer
from ..http.bodies import FileSlice
from ..http.codings import available, decompress
from ..http.fields import CACHING, OF_BODY, fields_of, headers_of, is_offloaded
from .view_headers import same_body

if TYPE_CHECKING:
    from flask import Request, Response

    from ..assets.representation import Representation
    from ..requests.mark import ViewResponse

Fields = list[tuple[str, str]]

_NONE: Fields = []


def put_chosen_bytes(view: ViewResponse, environ: dict[str, Any], response: Response) -> int:
    """Put the chosen representation, a 304 or a part of it into a response whose bytes are plain.

    In Flask a hook sees the plain bytes of a file, and so it does here. Where no hook has changed
    them, nor what is said of them, the coded bytes go out in their place.

    :returns: the status, if the header fields say all that is to be said, but for what depends on
        the visitor; else 0.
    """
    file, sent = view.representation, view.sent
    chosen = file or view.hit
    if chosen is None or sent is None:
        return 0
    fields = fields_of(response.headers)
    # What hooks have added behind the view's own fields, if these are as they were.
    added: Fields | None = _NONE
    says_nothing = fields == sent
    if not says_nothing:
        added = fields[len(sent) :] if fields[: len(sent)] == sent else None
        says_nothing = added is not None and CACHING.isdisjoint(name.lower() for name, _ in added)
    is_untouched = (
        says_nothing
        and response is view.response
        and (response.response is view.body or same_body(view.body, response))
        and response.status_code == 200
    )
    if not is_untouched and (file is None or not _is_plain(view, file, response)):
        return 0
    is_error, usual = False, chosen.usual(environ)
    body: Iterable[bytes]
    if usual is not None:
        status, headers, body = usual
        if type(response.response) is FileSlice:
            response.response.close()
    elif file is None:
        return 0
    else:
        opened = response.response if isinstance(response.response, FileSlice) else None
        given = opened if file.body is None and file.variant is None else None
        try:
            answer = file.answer(environ, given)
            is_error = answer is None  # a failed condition or range, judged where all responses are
            if answer is None:
                answer = Answer(200, file.headers, file.open(given))
        except OSError:  # the bytes are gone, and the plain ones stay, or those of a hook
            if file.variant is not None:
                view.representation = None  # what leaves is not counted as compressed
            return 0
        status, headers, body, _ = answer
        if opened is not None and (given is None or body == ()):
            opened.close()
    view.body = response.response = body
    if status != 200 or chosen.variant is not None or added is not _NONE:
        if added is None:
            response.headers = Headers(_replaced(fields, dict(sent), headers, status))
        else:
            response.headers = headers_of(headers + added)
    if status != 200:
        if view.pattern is not None and response is view.response:
            view.pattern.say(response, status)
        else:
            response.status_code = status
    view.etag = chosen.etag
    return status if says_nothing and not is_error else 0


def hide_accept_encoding(view: ViewResponse, request: Request) -> None:
    """Let a hook that compresses bodies leave this one alone, as its coded bytes are there already.

    The WSGI environ keeps the field, and the request gets it back before its response is sent, or
    when a hook raises (``views.folder_view``).
    """
    shown = dict(request.environ)
    shown.pop("HTTP_ACCEPT_ENCODING", None)
    view.request_headers = request.headers
    request.headers = EnvironHeaders(shown)


def is_edited(view: ViewResponse, response: Response) -> bool:
    """Return whether hooks have changed the bytes that the view made.

    A hook that compresses a file leaves bytes that decode to the same ones; these are not edited.
    A 304 that a hook made has no bytes: its ``ETag`` says which ones it speaks of.
    """
    if response.status_code == 304:
        return not _is_tag_of(view, response)
    if same_body(view.body, response):
        return False
    chosen = view.representation
    coding = response.headers.get("Content-Encoding", "").lower()
    if chosen is None or coding not in (*available(), "deflate"):
        return True
    if not response.is_sequence:
        if chosen.asset.size > SMALL:
            return True
        response.make_sequence()
    try:
        plain = decompress(coding, response.get_data(), chosen.asset.size)
        return sha256(plain) != chosen.asset.sha256
    except Exception:  # noqa: BLE001  # each library has errors of its own
        return True


def _is_tag_of(view: ViewResponse, response: Response) -> bool:
    """Return whether an ``ETag`` is that of the view, as it was or with a coding at its end.

    Flask-Compress adds the coding in this way.
    """
    tag, own = response.get_etag()[0], view.etag and view.etag.strip('"')
    if tag is None or own is None:
        return tag == own
    return tag == own or (tag.startswith(own) and tag[len(own) + 1 :] in (*available(), "deflate"))


def _is_plain(view: ViewResponse, chosen: Representation, response: Response) -> bool:
    """Return whether a response still has the plain bytes of the file, and says so."""
    if response is not view.response or response.status_code != 200:
        return False
    headers = response.headers
    if (
        headers.get("ETag") != view.etag
        or headers.get("Content-Encoding") != chosen.asset.named_coding
        or is_offloaded(headers)
    ):
        return False
    if same_body(view.body, response):
        return True
    # A hook may have read the bytes and put the same ones back.
    if not response.is_sequence:
        return False
    response.direct_passthrough = False
    return etag(sha256(response.get_data())) == chosen.asset.etag


def _replaced(fields: Fields, sent: dict[str, str], now: Fields, status: int) -> Fields:
    """Return header fields that hooks have changed, with those that speak of the bytes replaced.

    :param sent: the fields that the view set.
    :param now: the fields of the chosen bytes.
    """
    said = dict(now)
    kept = []
    for name, value in fields:
        if status == 304 and name.lower() in OF_BODY:
            continue
        if name in sent and said.get(name) != sent[name]:
            continue
        kept.append((name, value))
    new = [(name, value) for name, value in now if sent.get(name) != value]
    return kept + new
