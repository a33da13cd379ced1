"""The lists of docs/configuration.md, made from the classes that read the configuration.

The page is read in a checkout, too, so the lists stand in it. The site makes them again whenever it
is built, ``tests/docs/test_settings_table.py`` fails where the page has others, and ::

    python docs/_ext/settings_table.py

writes them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx.pycode import ModuleAnalyzer

from flask_static_optimizer.config.names import PREFIX
from flask_static_optimizer.config.policy import CachePolicy
from flask_static_optimizer.config.settings import Settings

if TYPE_CHECKING:
    from sphinx.application import Sphinx

PAGE = Path(__file__).parents[1] / "configuration.md"

_MARKED = re.compile(r"(<!-- table of (\w+) -->\n).*?(?=<!-- end -->)", re.DOTALL)


class UndocumentedError(Exception):
    """A field without a ``#:`` comment."""


#: The keys by what they are about. A key that no group names comes in one of its own, the last.
GROUPS: dict[str, tuple[str, ...]] = {
    "What is covered": (
        "enabled",
        "rules",
        "session",
        "root_files",
        "dotfiles",
        "symlinks",
    ),
    "Ages and header fields": (
        "max_age",
        "unversioned_max_age",
        "public",
        "cdn_cache_control",
        "headers",
    ),
    "URLs and templates": (
        "fingerprint",
        "strict",
        "importmap",
        "preload",
        "early_hints",
        "manifests",
        "vite_server",
        "host_url",
        "host_url_in_debug",
    ),
    "Compression": ("encodings", "delta", "delta_versions"),
    "Speed, memory and disk": (
        "express",
        "memory",
        "cache_dir",
        "cache_size",
        "hash_size",
        "hash_later",
    ),
    "Stored responses of routes": (
        "store",
        "store_size",
        "store_max_body",
        "store_wait",
        "store_obeys_requests",
    ),
    "Front servers and monitoring": ("tag_headers", "sendfile", "metrics"),
}

#: Where there is more about a group.
MORE = {
    "What is covered": "[Rules](#rules), [sessions](sessions.md),"
    " [files at the root](guides/root-files.md), [symbolic links](assets.md#symbolic-links)",
    "Ages and header fields": "[Where the freshness comes from]"
    "(#where-the-freshness-comes-from), [header fields](guides/headers.md)",
    "URLs and templates": "[Assets](assets.md#fingerprints),"
    " [Vite and webpack](guides/bundlers.md), [a CDN's host](guides/cdn-host.md),"
    " [early hints](guides/early-hints.md)",
    "Compression": "[Assets](assets.md#compression)",
    "Speed, memory and disk": "[The lane](how-it-works.md#the-lane),"
    " [large files](assets.md#large-files)",
    "Stored responses of routes": "[Routes](routes.md)",
    "Front servers and monitoring": "[Purge a CDN](guides/purge-cdn.md),"
    " [protected files](protected-files.md),"
    " [counters](deploying.md#counters)",
}


def settings_list() -> str:
    """Every key under a heading of its own, which links can lead to, after a list of them all.

    A table of three columns can't be read on a phone.
    """
    found = dict(documented(Settings))
    grouped = {name for names in GROUPS.values() for name in names}
    groups = {**GROUPS, "Other keys": tuple(name for name in found if name not in grouped)}
    contents, sections = [], []
    for group, names in groups.items():
        if not names:
            continue
        links = (f"[{name.upper()}](#{(PREFIX + name).lower()})" for name in names)
        contents.append(f"- [{group}](#{_anchor(group)}): {', '.join(links)}\n")
        sections.append(f"## {group}\n\n")
        if group in MORE:
            sections.append(f"More: {MORE[group]}.\n\n")
        for name in names:
            meaning = found[name]
            end = "" if meaning.endswith(".)") else "."
            sections.append(
                f"### {PREFIX}{name.upper()}\n\nDefault: `{default(name)}`\n\n{meaning}{end}\n\n"
            )
    return "".join(["\n", *contents, "\n", *sections])


def _anchor(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def policy_table() -> str:
    """Every field of a policy and what it means."""
    rows = [(f"`{name}`", meaning) for name, meaning in documented(CachePolicy)]
    return _table(("field", "meaning"), rows)


TABLES: dict[str, Callable[[], str]] = {"settings": settings_list, "policies": policy_table}


def documented(cls: type[Any]) -> Iterator[tuple[str, str]]:
    """The fields of a named tuple with their ``#:`` comments, as one line of Markdown each.

    :raises UndocumentedError: for a field that has none.
    """
    comments = ModuleAnalyzer.for_module(cls.__module__).find_attr_docs()
    for name in cls._fields:
        meaning = " ".join(comments.get((cls.__name__, name), [])).strip()
        if not meaning:
            raise UndocumentedError(f"{cls.__name__}.{name} needs a '#:' comment.")
        yield name, meaning.replace("``", "`").replace("|", r"\|").removesuffix(".")


def default(name: str) -> str:
    """A setting's default, in the words of a configuration file in Python."""
    if name in ("headers", "rules"):
        return "{}"
    value = Settings._field_defaults[name]
    value = list(value) if isinstance(value, tuple) else value
    return repr(value).replace("'", '"')


def renewed(page: str) -> str:
    """A page with its lists made again."""
    return _MARKED.sub(lambda match: match[1] + TABLES[match[2]](), page)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _renew(*event: Any) -> None:
    # The app, the page's name, and a list that holds its text.
    source = event[-1]
    source[0] = renewed(source[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """Make the lists again in every page that is read."""
    app.connect("source-read", _renew)
    return {"parallel_read_safe": True}


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text("utf-8")), "utf-8")
