"""Keys that look as if they were meant for the extension, and texts that look like JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches

from .errors import ConfigurationError
from .names import PREFIX

_NAME = PREFIX.rstrip("_")

#: The least likeness of what follows the prefix to the name of a setting, from 0 to 1.
_ALIKE = 0.8

#: What looks a little like a key of the extension, and what may be the name of a setting in it.
_LOOKS_ALIKE = re.compile(r"STATIC_?OPTIM[A-Z0-9]*_?(.*)")

#: The most characters that are shown of what is before an error in a JSON text.
_SHOWN = 20


def refuse_misspelt(config: Mapping[str, object], settings: Collection[str]) -> None:
    """Refuse keys of settings whose beginning is misspelt, as nothing reads them.

    Others that look alike may be those of something else: :func:`lookalikes` finds them.

    :param config: the app's configuration, or an environment.
    :param settings: the names of all settings, without the prefix.
    :raises ConfigurationError: names the key, and the one to write in its place.
    """
    for key, value in config.items():
        shown = f"{key}={value!r}"
        if key == _NAME and isinstance(value, Mapping):
            first = next((str(name).upper() for name in value), "MAX_AGE")
            raise ConfigurationError(
                f"{shown} is a table, and settings are single keys: write {PREFIX}{first} at the"
                " top, outside of any table, and so on."
            )
        setting = None if _is_copy(key, config) else misspelt(key, settings)
        if setting is not None:
            raise ConfigurationError(
                f"{shown} is read by nothing, as settings begin with {PREFIX}: write"
                f" {PREFIX}{setting}, or rename it if it is meant for something else."
            )


def misspelt(key: str, settings: Collection[str]) -> str | None:
    """Return the setting that a key is meant for, whose beginning is misspelt.

    ``None`` is returned if it is one of something else, as STATIC_OPTIMIZE_CACHE_DIR may be, and if
    the beginning is right.
    """
    # The others are not compared, as comparing takes longer than reading all of them.
    if key.startswith(PREFIX) or not ("OPTIM" in key.upper() or "STATIC" in key.upper()):
        return None
    text = _plain(key)
    for place, letter in enumerate(text[: len(_NAME) + 1], 1):
        if letter == "R" and _is_slip(text[:place]):
            setting = _nearest(text[place:], settings)
            if setting is not None:
                return setting
    return None


def lookalikes(config: Mapping[str, object], settings: Collection[str]) -> dict[str, str]:
    """Return the keys that look like the extension's own and are not read by it.

    :param config: the app's configuration.
    :param settings: the names of all settings, without the prefix.
    :returns: the key of the setting that each may be meant for; empty if it is like none.
    """
    found = {}
    for key in config:
        if (key.startswith(PREFIX) and key.removeprefix(PREFIX) in settings) or _is_copy(
            key, config
        ):
            continue
        setting = misspelt(key, settings)
        alike = _LOOKS_ALIKE.fullmatch(_plain(key))
        if setting is None and alike is not None:
            setting = _nearest(alike[1], settings)
        if setting is not None or alike is not None:
            found[key] = "" if setting is None else PREFIX + setting
    return found


def meant_setting(name: str, settings: Collection[str]) -> str:
    """Return the part of an error message that says which setting an unknown one may be.

    :param name: what follows the prefix in the key.
    :param settings: the names of all settings, without the prefix, which are listed if none is
        like it.
    """
    close = get_close_matches(name.upper(), settings, n=1)
    if close:
        return f"did you mean {PREFIX}{close[0]}?"
    return f"what may follow {PREFIX} is: {', '.join(sorted(settings))}."


def is_own(key: str, settings: Collection[str]) -> bool:
    """Return whether a key is surely meant for the extension, be it a setting or not."""
    return key == _NAME or key.startswith(PREFIX) or misspelt(key, settings) is not None


def _plain(key: str) -> str:
    return key.upper().replace("-", "_").removeprefix("FLASK_")


def _is_copy(key: str, config: Mapping[str, object]) -> bool:
    """Return whether a key is that of an environment variable which Flask has read, too."""
    own = key.removeprefix("FLASK_")
    return own != key and own.startswith(PREFIX) and own in config


def _nearest(text: str, settings: Collection[str]) -> str | None:
    close = get_close_matches(text.lstrip("_"), settings, n=1, cutoff=_ALIKE)
    return close[0] if close else None


def _is_slip(head: str) -> bool:
    """Return whether the beginning of a key is the prefix with at most one slip of the pen.

    Underscores do not count.
    """
    text = head.replace("_", "")
    right = _NAME.replace("_", "")
    same = 0
    while text[same : same + 1] == right[same : same + 1] != "":
        same += 1
    text, right = text[same:], right[same:]
    return (
        text[1:] == right[1:]  # another letter, or none of them is wrong
        or text[1:] == right  # one too many
        or text == right[1:]  # one too few
        or (text[1::-1] == right[:2] and text[2:] == right[2:])  # two have changed places
    )


def why_no_json(value: object) -> str:
    """Return the part of an error message that says why JSON was taken for a text; often empty.

    Flask reads a value from the environment as JSON, and keeps it as a text if it is none.
    """
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[", "'", '"')):
        return ""
    try:
        json.loads(value)
    except json.JSONDecodeError as error:
        before = value[: error.pos][-_SHOWN:]
        place = f"after {before!r}" if before else "at its beginning"
        return (
            " A value from the environment has to be JSON, and this is none:"
            f" {error.msg} (character {error.pos + 1}, {place})."
        )
    except RecursionError:
        return ""
    return " It is a text with JSON in it: load it with json.loads() or Config.from_prefixed_env()."
