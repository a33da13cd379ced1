"""The audit of what guards refuse, and the rules that protect it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from ...config.names import PREFIX
from ...config.protecting import narrowest_keys, protecting
from ..exchange import Exchange
from .findings import Finding, Row
from .verdict import refuses


class Guards:
    """The findings of one audit about what is not protected and should be.

    Each gets the narrowest rule that covers all of them, and nothing that need not be protected.
    """

    def __init__(self) -> None:
        #: The names of the files that are not protected, by endpoint, and those that should be.
        self._isolated: defaultdict[str, set[str]] = defaultdict(set)
        self._unprotected: defaultdict[str, set[str]] = defaultdict(set)
        self._findings: list[tuple[str, Finding]] = []

    def asked(self, row: Row, name: str) -> None:
        """Note a file that is asked for.

        :param name: its name; for what is no file of a folder, its URL path.
        """
        if row.mode == "isolated":
            self._isolated[row.endpoint].add(name)

    def refusals(self, row: Row, name: str, answer: Exchange, *, past: bool) -> Iterator[Finding]:
        """Yield a finding where a guard refuses what is not protected.

        :param answer: the app's own answer.
        :param past: whether the lane sends the file past the guard.
        """
        if past:
            said = (
                f"a guard in front of {row.endpoint!r} refuses files with {answer.status}, and"
                f" {PREFIX}EXPRESS sends them to everybody past the guard"
            )
            finding = Finding("guard-passed", "error", said, "", [row.url])
            yield self._noted(row, name, finding)
        elif refuses(row, answer):
            said = (
                f"a guard in front of {row.endpoint!r} answers {answer.status}, and what it guards"
                " is not protected: its session is empty, so a guard that goes by the session"
                " refuses everybody; whom another one lets pass may leave a copy in a shared cache"
            )
            finding = Finding("guard-not-protected", "error", said, "", [row.url])
            yield self._noted(row, name, finding)

    def depends_on_cookie(self, row: Row, name: str) -> Finding:
        """Return the finding for what is another response to who has a cookie."""
        said = (
            f"{row.endpoint!r} answers in another way to who has a cookie, and is not"
            " protected: a cache may give one visitor's answer to another"
        )
        finding = Finding("depends-on-cookie", "error", said, "", [row.url])
        return self._noted(row, name, finding)

    def name_rules(self) -> None:
        """Write the rule into each finding, once everything has been asked for."""
        for endpoint, finding in self._findings:
            names = self._unprotected[endpoint]
            keys = narrowest_keys(endpoint, names, self._isolated[endpoint] - names)
            finding.fix = protecting(keys)

    def _noted(self, row: Row, name: str, finding: Finding) -> Finding:
        self._unprotected[row.endpoint].add(name)
        self._findings.append((row.endpoint, finding))
        return finding
