"""The cookies of one visitor, as far as one site needs them (RFC 6265)."""

from __future__ import annotations

import time
from collections.abc import Iterable

from werkzeug.http import parse_date


class Cookies:
    """The cookies that a visitor has. All of them are for the one site that is visited.

    :param given: cookies as ``NAME=VALUE``, which the visitor has from the start.
    """

    def __init__(self, given: Iterable[str] = ()) -> None:
        self._values: dict[tuple[str, str], str] = {}
        for pair in given:
            self.take(f"{pair}; Path=/")

    def take(self, set_cookie: str) -> None:
        """Keep or drop what the value of a ``Set-Cookie`` field says."""
        pair, *rest = set_cookie.split(";")
        name, _, value = pair.strip().partition("=")
        parts = (attribute.strip().partition("=") for attribute in rest)
        attributes = {key.lower(): text for key, _, text in parts}
        path = attributes.get("path", "/")
        key = (name, path if path.startswith("/") else "/")
        if _is_over(attributes):
            self._values.pop(key, None)
        else:
            self._values[key] = value

    def header(self, path: str) -> str | None:
        """Return the value of the ``Cookie`` field of a request for a path, if there is one."""
        pairs = [
            f"{name}={value}"
            for (name, scope), value in self._values.items()
            if path == scope or path.startswith(f"{scope.rstrip('/')}/")
        ]
        return "; ".join(pairs) or None


def _is_over(attributes: dict[str, str]) -> bool:
    age = attributes.get("max-age", "")
    if age.lstrip("-").isdigit():
        return int(age) <= 0
    expires = parse_date(attributes.get("expires"))
    return expires is not None and expires.timestamp() <= time.time()
