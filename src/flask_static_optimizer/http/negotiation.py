"""Which content codings a client takes (RFC 9110 §12.5.3)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

IDENTITY = "identity"

#: Characters of an Accept-Encoding that are looked at; who sends more gets no coding.
_LONGEST = 512

_MEMBER = re.compile(
    r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:;\s*[qQ]=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?"
)


def accepted(header: str | None, offered: Sequence[str]) -> tuple[str, ...]:
    """The offered codings that a client accepts and ``"identity"``, best first.

    The client's preference comes first, then the order of the offer; no coding at all is the
    last choice, unless the client says otherwise. A client that accepts nothing of all this gets
    ``identity``, as a server may decide to disregard the field.

    :param header: the ``Accept-Encoding`` value, if there is one.
    """
    if not header or len(header) > _LONGEST:
        return (IDENTITY,)
    return _accepted(header, tuple(offered))


@lru_cache(maxsize=256)
def _accepted(header: str, offered: tuple[str, ...]) -> tuple[str, ...]:
    weights: dict[str, float] = {}
    for member in header.split(","):
        found = _MEMBER.fullmatch(member)
        if found:
            name = found[1].lower().removeprefix("x-")
            weights[name] = float(found[2] or 1)
    rest = weights.get("*")
    ranked = []
    for index, coding in enumerate(offered):
        weight = weights.get(coding, rest or 0)
        if weight > 0:
            ranked.append((-weight, index, coding))
    # Unweighted, it is worth less than any coding that is wanted at all.
    weight = weights.get(IDENTITY, 0 if rest == 0 else 0.0001)
    if weight > 0:
        ranked.append((-weight, len(offered), IDENTITY))
    return tuple(coding for _, _, coding in sorted(ranked)) or (IDENTITY,)
