"""Signals (blinker) about static requests, with the app as sender."""

from __future__ import annotations

from blinker import Namespace

_signals = Namespace()

#: Sent by the first ``before_request`` function of a static request, with ``endpoint`` (a string)
#: and ``protected`` (whether its session may be read).
static_request_marked = _signals.signal("static-request-marked")

#: Sent when a static request wrote into its session and this is dropped, with ``endpoint`` (a
#: string) and ``keys`` (a frozenset of session keys).
session_writes_dropped = _signals.signal("session-writes-dropped")

#: Sent after stored responses were purged, with ``endpoint`` and ``tag`` (strings or ``None``) and
#: ``paths`` (a tuple of URL paths, percent-encoded). Without any of them everything was purged. The
#: receivers run in an app context.
responses_purged = _signals.signal("responses-purged")

#: Sent when cookies (RFC 6265 §4.1) are removed from a static response, with ``endpoint`` (a
#: string) and ``names`` (the names of the cookies).
cookies_dropped = _signals.signal("cookies-dropped")
