"""The check of ``STATIC_OPTIMIZER_ROOT_FILES``: files by their paths at the root of the site."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from .errors import ConfigurationError
from .values import is_url_path


def root_files(where: str, value: object) -> tuple[tuple[str, str], ...]:
    """Check a list of file names, and of mappings of URL paths to file names.

    :returns: the URL path and the file name of each.
    :raises ConfigurationError: for anything else, and for names that lead out of the folder.
    """
    if not isinstance(value, (list, tuple)):
        raise ConfigurationError(
            f"{where} is {value!r}: give a list such as ['favicon.ico',"
            " {'/.well-known/security.txt': 'security.txt'}]."
        )
    found: dict[str, str] = {}
    for path, name in _pairs(where, value):
        if path in found:
            raise ConfigurationError(f"{where} has the path {path!r} twice; give each once.")
        found[path] = name
    return tuple(found.items())


def _pairs(where: str, value: list[object] | tuple[object, ...]) -> Iterator[tuple[str, str]]:
    for each in value:
        pairs: list[tuple[object, object]]
        if isinstance(each, Mapping):
            pairs = list(each.items())
        else:
            _name(where, each)
            pairs = [(f"/{each}", each)]
        for path, name in pairs:
            yield _path(where, path, name), _name(where, name)


def _name(where: str, name: object) -> str:
    if (
        not isinstance(name, str)
        or not name
        or name.startswith("/")
        or "\\" in name
        or not name.isprintable()
        or ".." in name.split("/")
        or posixpath.normpath(name) != name
    ):
        raise ConfigurationError(
            f"{where} has {name!r}: name a file of the app's static folder, relative to it, such as"
            " 'favicon.ico'; for another URL path give {'/path': 'file'}."
        )
    return name


def _path(where: str, path: object, name: object) -> str:
    if not is_url_path(path):
        raise ConfigurationError(
            f"{where} has the path {path!r} for {name!r}: give a URL path such as '/robots.txt'"
            " (letters, digits and '-._~' between slashes)."
        )
    return path
