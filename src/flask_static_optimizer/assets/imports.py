"""The order in which stylesheets that import each other are rewritten."""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T", bound=Hashable)


def circles(start: T, imports: Callable[[T], Sequence[T]]) -> list[list[T]]:
    """Return the stylesheets that one imports, also indirectly, grouped by circle.

    Stylesheets that import each other, directly or in a circle, are one group; any other is a group
    of its own. Each group comes after all those that it imports, and that of ``start`` is the last.
    (They are the strongly connected components, by Tarjan's algorithm, without recursion.)

    :param imports: returns the stylesheets that one imports directly.
    """
    groups: list[list[T]] = []
    # The earliest stylesheet on the current path that each one leads back to, by its place there.
    place: dict[T, int] = {start: 0}
    back: dict[T, int] = {start: 0}
    ungrouped = [start]
    path: list[tuple[T, Iterator[T]]] = [(start, iter(imports(start)))]
    while path:
        sheet, following = path[-1]
        imported = next(following, None)
        if imported is None:
            path.pop()
            if path:
                above = path[-1][0]
                back[above] = min(back[above], back[sheet])
            if back[sheet] == place[sheet]:
                at = ungrouped.index(sheet)
                groups.append(ungrouped[at:])
                del ungrouped[at:]
                back.update(dict.fromkeys(groups[-1], sys.maxsize))
        elif imported not in place:
            place[imported] = back[imported] = len(place)
            ungrouped.append(imported)
            path.append((imported, iter(imports(imported))))
        else:
            back[sheet] = min(back[sheet], back[imported])
    return groups
