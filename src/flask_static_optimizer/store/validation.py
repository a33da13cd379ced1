"""The validation of a stale stored response by the view that made it (RFC 9111 §4.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug.datastructures import Headers

from ..http.conditional import precondition
from ..http.fields import seconds_of

if TYPE_CHECKING:
    from .entry import Head

#: The age in seconds from which a time of modification is used as a validator. Before that,
#: another change may get the same time (RFC 9110 §8.8.2.2).
SETTLED = 2

#: The seconds for which a response with a validator is kept at least. That is less than the time
#: for which the state of a path is kept, so that storing it takes no further write.
_KEPT = 240

#: The header fields, in lower case, that are not taken from a 304: those of the stored bytes
#: (RFC 9111 §3.2).
_OF_BYTES = frozenset(
    {"accept-ranges", "content-encoding", "content-length", "content-md5", "content-range"}
)


def conditions(head: Head) -> dict[str, str]:
    """Return the conditions that ask a view whether a response has changed (§4.3.1).

    They are made of validators that the view itself has given. A view that gives none, or that
    gives them and ignores conditions, answers as ever.

    :returns: keys and values of a WSGI environ; nothing for a response without such a validator.
    """
    found = {}
    if head.status == 200 and head.etag is not None and head.etag_of_view:
        found["HTTP_IF_NONE_MATCH"] = head.etag
    if head.status == 200 and head.last_modified is not None:
        (said, *_) = (value for name, value in head.fields if name.lower() == "last-modified")
        if head.last_modified <= head.made - SETTLED:
            found["HTTP_IF_MODIFIED_SINCE"] = said
    return found


def spare(head: Head) -> int:
    """Return the seconds for which a response is kept after it may be used, to be validated."""
    return max(head.lifetime, _KEPT - head.lifetime)


def updated(head: Head, answer: Headers) -> Headers | None:
    """Return the header fields of a stored response as a 304 updates them (§3.2, §4.3.4).

    :param answer: the header fields of the 304.
    :returns: ``None`` if the 304 has the validators of another response.
    """
    if not _is_about(head, answer):
        return None
    new = [(name, value) for name, value in answer if name.lower() not in _OF_BYTES]
    # The time of the answer is another one, and an ETag of the bytes is set again.
    replaced = {name.lower() for name, _ in new} | {"accept-ranges", "content-length", "date"}
    if not head.etag_of_view:
        replaced.add("etag")
    kept = [(name, value) for name, value in head.fields if name.lower() not in replaced]
    return Headers([*kept, *new])


def _is_about(head: Head, answer: Headers) -> bool:
    etag, modified = answer.get("ETag"), seconds_of(answer.get("Last-Modified"))
    if head.etag_of_view and etag is not None:
        return precondition("GET", {"HTTP_IF_NONE_MATCH": head.etag}, etag, None) == 304
    return modified is None or head.last_modified is None or modified == head.last_modified
