"""Signals for what a static request was kept from doing (blinker)."""

from __future__ import annotations

from blinker import Namespace

_signals = Namespace()

#: Sent with the app when a static request is marked: ``endpoint``, ``protected``.
static_request_marked = _signals.signal("static-request-marked")

#: Sent with the app when what a static request wrote into its session is dropped:
#: ``endpoint``, ``keys`` (a frozenset of session keys).
session_writes_dropped = _signals.signal("session-writes-dropped")

#: Sent with the app when cookies are taken off a static response: ``endpoint``, ``names``.
cookies_dropped = _signals.signal("cookies-dropped")
