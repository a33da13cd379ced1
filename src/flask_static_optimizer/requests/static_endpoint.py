"""A static endpoint: the rules that speak of it, and the policy that each leads to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..assets import fingerprints as names
from ..assets.links import real_name
from ..assets.mount import Mount
from ..config.policy import CachePolicy
from ..config.rules import Rule


def _never(_: CachePolicy) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class StaticEndpoint:
    """An endpoint whose responses do not depend on the session, such as a static folder."""

    name: str
    #: Whether its view is Flask's own view of a static folder.
    folder: bool
    #: The rules that match it, in order, and the policy that each leads to (``None``: leave alone).
    choices: tuple[tuple[Rule, CachePolicy | None], ...]
    #: The policy where no rule matches; ``None`` if only the rules make the endpoint static.
    default: CachePolicy | None
    #: The folder, if Flask's own view serves it and no decorator is put around that view.
    mount: Mount | None = None
    #: The path of the folder, where Flask's own view serves it at all.
    static_folder: str | None = None
    #: Returns whether the session may be read by requests under a policy.
    protects: Callable[[CachePolicy], bool] = _never

    @property
    def outcomes(self) -> list[CachePolicy | None]:
        """All that may hold for one of its requests; ``None``: it is left alone."""
        found = [policy for _, policy in self.choices]
        if not any(rule.filename is None for rule, _ in self.choices):  # which covers the rest
            found.append(self.default)
        return found

    @property
    def policies(self) -> list[CachePolicy]:
        """All policies that may hold for one of its requests."""
        return [policy for policy in self.outcomes if policy]

    def policy(self, view_args: Mapping[str, Any]) -> CachePolicy | None:
        """Return the policy of one request, or ``None`` if it is to be left alone."""
        return self.choose(view_args)[1] if self.choices else self.default

    def choose(self, view_args: Mapping[str, Any]) -> tuple[Rule | None, CachePolicy | None]:
        """Return the rule that decides about a request, if any, and the policy of the request.

        A link within a static folder gives a file a further name. The rule for the file's real name
        decides where it is stricter: where it protects the file or leaves it alone.
        """
        filename = view_args.get("filename")
        if filename is None and len(view_args) == 1:
            (filename,) = view_args.values()
        spellings = [filename if isinstance(filename, str) else None]
        split = names.split(filename) if self.mount and isinstance(filename, str) else None
        if split is not None:
            spellings.append(split[0])  # a rule for a file also covers its fingerprinted name
        found = self._first(spellings)
        if self.static_folder is None or all(rule.filename is None for rule, _ in self.choices):
            return found
        named = [spelling for spelling in spellings if spelling is not None]
        by_real = self._first([real_name(self.static_folder, name) for name in named])
        return by_real if self._is_strict(by_real[1]) and not self._is_strict(found[1]) else found

    def _first(self, spellings: Sequence[str | None]) -> tuple[Rule | None, CachePolicy | None]:
        for rule, policy in self.choices:
            if any(rule.covers(spelling) for spelling in spellings):
                return rule, policy
        return None, self.default

    def _is_strict(self, policy: CachePolicy | None) -> bool:
        return policy is None or self.protects(policy)
