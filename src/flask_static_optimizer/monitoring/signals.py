"""Signals for what a static request was kept from doing (blinker), with the app as sender."""

from __future__ import annotations

from blinker import Namespace

_signals = Namespace()

#: Sent when a static request is marked, in the first of its ``before_request`` functions, with
#: ``endpoint`` (a string) and ``protected`` (whether its session may be read).
static_request_marked = _signals.signal("static-request-marked")

#: Sent when what a static request wrote into its session is dropped, with ``endpoint`` (a string)
#: and ``keys`` (a frozenset of session keys).
session_writes_dropped = _signals.signal("session-writes-dropped")

#: Sent when cookies (RFC 6265 §4.1) are taken off a static response, with ``endpoint`` (a string)
#: and ``names`` (theirs).
cookies_dropped = _signals.signal("cookies-dropped")
