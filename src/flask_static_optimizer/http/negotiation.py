"""The negotiation of a content coding by ``Accept-Encoding`` (RFC 9110 §12.5.3)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

IDENTITY = "identity"

#: An ``Accept-Encoding`` with more characters than this is not parsed, and no coding is used.
_LONGEST = 512

_MEMBER = re.compile(
    r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:;\s*[qQ]=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?"
)


def accepted(header: str | None, offered: Sequence[str]) -> tuple[str, ...]:
    """Return the offered codings that a client accepts, and ``"identity"``, best first.

    The client's weights decide first, then the order of the offer. ``"identity"``, no coding at
    all, comes last unless the client gives it a weight. A client that accepts none of these gets
    ``"identity"``, since a server may disregard the field.

    :param header: the ``Accept-Encoding`` value, if there is one.
    :param offered: the content codings that the server has, best first.
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
    # Without a weight of its own, identity comes after every coding that the client accepts.
    weight = weights.get(IDENTITY, 0 if rest == 0 else 0.0001)
    if weight > 0:
        ranked.append((-weight, len(offered), IDENTITY))
    return tuple(coding for _, _, coding in sorted(ranked)) or (IDENTITY,)
