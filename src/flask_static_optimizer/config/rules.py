"""The rules of ``STATIC_OPTIMIZER_RULES``: globs of endpoints and files, and their policies."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from .errors import ConfigurationError
from .globs import Glob, GlobIndex, foreign_sign
from .names import PREFIX
from .policy import CachePolicy

#: A URL variable and its glob at the beginning of a text, and the place before the next one.
_VARIABLE = re.compile(r"[^\W\d]\w*=")
_NEXT = re.compile(r"&(?=[^\W\d]\w*=)")


class Rule(NamedTuple):
    """A rule of ``STATIC_OPTIMIZER_RULES``."""

    #: The key as it was written: ``"endpoint glob"``, ``"endpoint glob:filename glob"`` or
    #: ``"endpoint glob:variable=glob&variable=glob"``.
    key: str
    #: The policy fields that replace the endpoint's own, or ``None`` to leave such requests alone.
    fields: Mapping[str, Any] | None
    endpoint: Glob
    filename: Glob | None
    #: The globs of other URL variables, all of which have to match.
    variables: tuple[tuple[str, Glob], ...] = ()

    @classmethod
    def parse(cls, key: object, value: object) -> Rule:
        """Read one item of the ``RULES`` mapping.

        :raises ConfigurationError: if the key is not a glob or the value not a policy.
        """
        where = _place(key)
        if not isinstance(key, str) or not key.partition(":")[0]:
            raise ConfigurationError(
                f"{where}: the key must be 'endpoint glob', 'endpoint glob:filename glob' or"
                " 'endpoint glob:variable=glob'."
            )
        if value is not False and not isinstance(value, Mapping):
            raise ConfigurationError(
                f"{where} is {value!r}: give a mapping of policy fields, or False to leave"
                " such requests alone."
            )
        found = foreign_sign(key)
        if found is not None:
            sign, remedy = found
            raise ConfigurationError(
                f"{where}: '{sign}' has no meaning in a glob, where only *, ? and [...] have one;"
                f" {remedy}, or write [{sign}] if the name itself has it."
            )
        endpoint, colon, rest = key.partition(":")
        variables = _variables(where, rest)
        filename = variables.pop("filename", None) if variables else rest if colon else None
        if filename is not None and filename.startswith("/"):
            raise ConfigurationError(
                f"{where}: file names are relative to the static folder; leave out the first '/'."
            )
        fields = dict(value) if isinstance(value, Mapping) else None
        if fields is not None:
            CachePolicy.build(where, fields)
        return cls(
            key,
            fields,
            Glob(endpoint),
            None if filename is None else Glob(filename),
            tuple((name, Glob(glob)) for name, glob in variables.items()),
        )

    @property
    def where(self) -> str:
        """Return the place to name in messages."""
        return _place(self.key)

    @property
    def glob(self) -> str:
        """Return the part of the key that names endpoints."""
        return self.endpoint.text

    @property
    def names_views(self) -> bool:
        """Return whether the rule makes ordinary views static.

        ``*`` and other globs without a letter do not: they mean all
        endpoints that are static anyhow.
        """
        return self.fields is not None and re.sub(r"\[[^]]*\]|[*?]", "", self.glob) != ""

    @property
    def is_for_all(self) -> bool:
        """True if it is for all requests of its endpoints."""
        return self.filename is None and not self.variables

    def names(self) -> list[str]:
        """Return the URL variables that the rule names."""
        named = [name for name, _ in self.variables]
        return ["filename", *named] if self.filename and named else named

    def holds(self, view_args: Mapping[str, Any]) -> bool:
        """Return whether the URL variables beside the file name have the values of the rule."""
        return all(
            name in view_args and glob.matches(served_spelling(str(view_args[name])))
            for name, glob in self.variables
        )

    def covers(self, filename: str | None) -> bool:
        """Return whether the rule matches a file, in the spelling under which it is served."""
        if self.filename is None:
            return True
        return filename is not None and self.filename.matches(served_spelling(filename))


def served_spelling(filename: str) -> str:
    """Return a file's name in the spelling under which it is served, which the rules go by."""
    return posixpath.normpath(filename)


def _variables(where: str, text: str) -> dict[str, str]:
    """Return the globs of URL variables, by the names of these; none if it is a file name's.

    :raises ConfigurationError: if a variable is named twice.
    """
    if not _VARIABLE.match(text):
        return {}
    found: dict[str, str] = {}
    for part in _NEXT.split(text):
        name, _, glob = part.partition("=")
        if name in found:
            raise ConfigurationError(
                f"{where}: it names {name!r} twice, and a URL has one value for it; give one glob,"
                " or two rules."
            )
        found[name] = glob
    return found


def _place(rule_key: object) -> str:
    return f"{PREFIX}RULES[{rule_key!r}]"


def read_rules(where: str, value: object) -> tuple[Rule, ...]:
    """Read the ``RULES`` mapping.

    :raises ConfigurationError: for a rule that can't be read, and for one that is never reached.
    """
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"{where} is {value!r}: give a mapping of globs to policies.")
    rules = tuple(Rule.parse(key, fields) for key, fields in value.items())
    _refuse_unreachable(rules)
    return rules


def _refuse_unreachable(rules: tuple[Rule, ...]) -> None:
    """Refuse a rule if one before it matches all that it could, as far as that is plain."""
    whole = [(place, rule) for place, rule in enumerate(rules) if rule.is_for_all]
    index = GlobIndex(rule.endpoint for _, rule in whole)
    by_glob = {rule.glob: (place, rule) for place, rule in whole}
    for place, rule in enumerate(rules):
        if rule.endpoint.is_literal:
            hiding = [whole[position] for position in index.matching(rule.glob)]
        else:
            hiding = [by_glob[glob] for glob in ("*", rule.glob) if glob in by_glob]
        first, earlier = min(hiding, default=(place, rule), key=lambda found: found[0])
        if first < place:
            raise ConfigurationError(
                f"{rule.where} is never reached, as {earlier.key!r} before it matches all of"
                " it and the first that matches wins; put it first."
            )
