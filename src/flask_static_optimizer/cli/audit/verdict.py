"""The judgement of the responses for one URL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from werkzeug.http import parse_dict_header

from ...config.protecting import protecting
from ...http.statuses import CACHEABLE, REFUSALS
from .findings import Finding

if TYPE_CHECKING:
    from ..exchange import Exchange
    from .findings import Row

_STEP_ASIDE = "return early where flask_static_optimizer.is_static_request() is true"


def protect(row: Row) -> str:
    """Return the setting that protects the endpoint of a row."""
    return protecting([row.endpoint])


def refuses(row: Row, answer: Exchange) -> bool:
    """Return whether a guard refuses what is not protected."""
    stated = answer.mark is not None and answer.mark.view.stated is not None
    return row.mode == "isolated" and answer.status in REFUSALS and not stated


def judged(row: Row, answer: Exchange, again: Exchange) -> Iterator[Finding]:
    """Yield what is wrong with the responses for one URL.

    :param row: the row of the URL.
    :param answer: the response to a visitor without a cookie.
    :param again: the response to a visitor with a cookie.
    """
    place = [row.url]
    for error in {repr(exchange.error) for exchange in (answer, again) if exchange.error}:
        yield Finding(
            "raises", "error", f"{row.endpoint!r} raises {error}", "correct its view or hook", place
        )
    if row.mode == "left alone":
        return
    stated = answer.mark is not None and answer.mark.view.stated is not None
    # The survey judges refusals, as it knows which files pass.
    refused = refuses(row, answer)
    fails = answer.status >= 400 and not (answer.error or stated) and row.mode == "isolated"
    if fails and not refused:
        yield Finding(
            "fails",
            "error",
            f"{row.endpoint!r} answers {answer.status} for what is there",
            "see the app's log; a file has to be readable",
            place,
        )
    names = sorted({*answer.cookies, *again.cookies})
    if names:
        yield Finding(
            "cookie",
            "warning",
            f"a hook or view sets a cookie ({', '.join(names)}) on {row.endpoint!r}, and it is"
            " dropped",
            f"let what sets it {_STEP_ASIDE}",
            place,
        )
    if "Set-Cookie" in answer.headers or "Set-Cookie" in again.headers:
        yield Finding(
            "cookie-sent",
            "error",
            f"a response of {row.endpoint!r} sets a cookie after the extension had the last word",
            "don't set cookies in request_finished or in process_response",
            place,
        )
    exchanges = [each for each in (answer, again) if each.mark and not each.mark.protected]
    marks = [each.mark for each in exchanges if each.mark]
    read = {thing for mark in marks for thing in mark.session.read_by_view}
    shared = "the session" in read or row.stored_by not in ("nobody", "the browser")
    if read and shared and answer.status not in REFUSALS:
        yield Finding(
            "view-reads-visitor",
            "error",
            f"the view of {row.endpoint!r} reads {' and '.join(sorted(read))}, but its responses"
            " are the same for everybody",
            f"{protect(row)}, or take @cacheable_static off the view",
            place,
        )
    # A guard that refuses may leave a word in the session ("please log in"), which is no fault.
    passed = [each.mark for each in exchanges if each.mark and each.status not in REFUSALS]
    written = sorted(
        {key for mark in passed if mark.session.written for key in mark.session.dropped}
    )
    if written:
        yield Finding(
            "session-written",
            "warning",
            f"{row.endpoint!r} writes into its session ({', '.join(written)}), so that answers to"
            " visitors with cookies are private, and no CDN keeps them",
            f"let the hook {_STEP_ASIDE}",
            place,
        )
    elif (
        row.mode == "isolated"
        and answer.status in CACHEABLE
        and "Set-Cookie" not in answer.headers
        and row.stored_by in ("nobody", "the browser")
    ):
        yield Finding(
            "not-shared",
            "warning",
            f"{row.endpoint!r} is the same for everybody, but says {row.cache_control!r}",
            "let the hook or view that says so step aside, or protect the endpoint",
            place,
        )


def judged_error_page(row: Row, page: Exchange, body: bytes, other: bytes) -> Iterator[Finding]:
    """Yield what is wrong with the page that a visitor gets for a file that is not there.

    :param row: the row of its URL.
    :param page: the response to the visitor.
    :param body: its body.
    :param other: the body of the response to somebody without a cookie.
    """
    said = parse_dict_header(page.headers.get("Cache-Control", ""))
    varies = {name.strip().lower() for name in page.headers.get("Vary", "").split(",")}
    is_shared = varies.isdisjoint({"cookie", "*"}) and not {"no-store", "private"} & said.keys()
    if page.error:
        yield Finding(
            "raises",
            "error",
            f"what is not there raises {page.error!r}",
            "correct the error handler or hook",
            [row.url],
        )
    elif is_shared and (body != other or "Set-Cookie" in page.headers):
        yield Finding(
            "error-page-shared",
            "error",
            f"the page for what is not there below {row.endpoint!r} is another one for who has a"
            " cookie, and a cache may give one visitor's page to another",
            "let the error handler or hook say Cache-Control: private, or Vary: Cookie",
            [row.url],
        )
