"""The chunks that a bundler's manifest lists: built files, and what each of them needs."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple


class Chunk(NamedTuple):
    """A built file with what it needs.

    The paths are those of the manifest: relative to its folder, or with a public path before them.
    """

    file: str
    #: The stylesheets of its own.
    css: tuple[str, ...] = ()
    #: The keys of the chunks that it imports.
    imports: tuple[str, ...] = ()
    #: True if pages load it.
    is_entry: bool = True
    #: True if it is an ES module.
    is_module: bool = False

    @property
    def files(self) -> Iterator[str]:
        """The file and its stylesheets."""
        yield self.file
        yield from self.css


def entries_of(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the entries of a manifest, which some tools keep under ``"paths"``."""
    paths = manifest.get("paths")
    return paths if isinstance(paths, dict) else manifest


def chunks(manifest: Mapping[str, Any]) -> dict[str, Chunk]:
    """Return the chunks of a manifest by their keys.

    The manifest may be Vite's, or a flat mapping of names to built files, as webpack's plugins
    write it. In a flat one the stylesheet of ``main.js`` is the file of ``main.css``.
    """
    entries = entries_of(manifest)
    found = {}
    for key, entry in entries.items():
        if isinstance(entry, str):
            stem, extension = posixpath.splitext(key)
            beside = entries.get(f"{stem}.css") if extension in (".js", ".mjs") else None
            css = (beside,) if isinstance(beside, str) else ()
            found[key] = Chunk(entry, css, is_entry=extension in (".js", ".mjs", ".css"))
        elif isinstance(entry, dict) and isinstance(entry.get("file"), str):
            found[key] = Chunk(
                entry["file"],
                _strings(entry.get("css")),
                _strings(entry.get("imports")),
                is_entry=entry.get("isEntry") is True,
                is_module=True,
            )
    return found


def with_imports(known: Mapping[str, Chunk], key: str) -> list[Chunk]:
    """Return a chunk and all that it imports, each once and after what it imports itself.

    This is the order in which a browser runs them, and in which Vite's own pages have their
    stylesheets.
    """
    order: dict[str, Chunk] = {}
    seen = {key}
    waiting = [(key, iter(known[key].imports))]
    while waiting:
        current, imports = waiting[-1]
        following = next((each for each in imports if each in known and each not in seen), None)
        if following is None:
            order[current] = known[current]
            waiting.pop()
        else:
            seen.add(following)
            waiting.append((following, iter(known[following].imports)))
    return list(order.values())


def _strings(value: object) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else []
    return tuple(each for each in listed if isinstance(each, str))
