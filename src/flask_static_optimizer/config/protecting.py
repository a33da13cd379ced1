"""The setting that messages give for files that a guard refuses: the narrowest that covers them."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Collection, Iterable, Mapping


def protecting(keys: Iterable[str]) -> str:
    """Return the setting that protects what the keys of its rules name."""
    rules: Mapping[str, dict[str, str]] = {key: {"session": "protected"} for key in keys}
    return f"STATIC_OPTIMIZER_RULES = {json.dumps(rules, ensure_ascii=False)}"


def folder_key(endpoint: str, name: object) -> str:
    """Return the key of a rule for the folder of a file, or for a file that is in none."""
    if not isinstance(name, str):
        return endpoint
    folder = posixpath.dirname(name)
    return f"{endpoint}:{_plain(folder)}/*" if folder else f"{endpoint}:{_plain(name)}"


def narrowest_keys(endpoint: str, refused: Collection[str], passed: Collection[str]) -> list[str]:
    """Return the keys of rules that cover the refused files and none of those that passed."""
    if not refused or not passed:
        return [endpoint]
    groups: dict[str, list[str]] = {}
    for name in sorted(refused):
        parts = name.split("/")
        folders = ("/".join(parts[:depth]) + "/" for depth in range(1, len(parts)))
        free = (each for each in folders if not any(file.startswith(each) for file in passed))
        groups.setdefault(next(free, name), []).append(name)
    globs = []
    for group, names in groups.items():
        glob = _plain(group)
        if group.endswith("/"):
            glob = f"{_plain(posixpath.commonpath(map(posixpath.dirname, names)))}/*"
        globs.append(f"{endpoint}:{glob}")
    return globs


def _plain(name: str) -> str:
    """Return a glob for just this name."""
    return "".join(f"[{sign}]" if sign in "*?[{}" else sign for sign in name)
