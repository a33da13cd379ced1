"""Keys that look as if they were meant for the extension, and texts that look like JSON."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from difflib import SequenceMatcher, get_close_matches

from .errors import ConfigurationError
from .names import PREFIX

_NAME = PREFIX.rstrip("_")

#: The least likeness of the beginning of a key to the prefix, from 0 to 1: one of the sixteen
#: letters may be another or two may have changed places, or a few may be missing.
_ALIKE = 0.9

#: The most letters of such a beginning. Longer ones, such as MY_STATIC_OPTIMIZER, are of others.
_LONGEST = len(_NAME) + 1

#: The most characters that are shown of what is before an error in a JSON text.
_SHOWN = 20


def refuse_misspelt(config: Mapping[str, object], settings: Collection[str]) -> None:
    """Refuse keys that are meant for the extension and begin otherwise, as nothing reads them.

    :param config: the app's configuration, or an environment.
    :param settings: the names of all settings, without the prefix.
    :raises ConfigurationError: names the key, and the one to write in its place.
    """
    for key, value in config.items():
        # Only these are compared, as comparing takes longer than reading all other keys.
        if key.startswith(PREFIX) or not ("OPTIM" in key.upper() or "STATIC" in key.upper()):
            continue
        setting = misspelt(key, settings)
        if setting is None:
            continue
        shown = f"{key}={value!r}"
        if key == _NAME and isinstance(value, Mapping):
            first = next((str(name).upper() for name in value), "MAX_AGE")
            raise ConfigurationError(
                f"{shown} is a table, and settings are single keys: write {PREFIX}{first} at the"
                " top, outside of any table, and so on."
            )
        raise ConfigurationError(
            f"{shown} is read by nothing, as settings begin with {PREFIX}: write"
            f" {PREFIX}{setting or '…'}, or rename it if it is meant for something else."
        )


def misspelt(key: str, settings: Iterable[str]) -> str | None:
    """Return the setting that a key is meant for; ``None`` if it is for something else.

    The setting is an empty text if only the beginning of the key is like the prefix.
    """
    settings = list(settings)
    text = key.upper().replace("-", "_").removeprefix("FLASK_")
    if text.startswith(PREFIX):
        head, rest = _NAME, text.removeprefix(PREFIX)
    else:
        cuts = {place for place, letter in enumerate(text) if letter == "_"} | {len(text)}
        cuts |= {len(text) - len(name) for name in settings if text.endswith(name)}
        heads = {text[:cut].rstrip("_"): text[cut:].lstrip("_") for cut in sorted(cuts)}
        head = max(heads, key=_likeness)
        rest = heads[head]
    if _likeness(head) < _ALIKE or len(head) > _LONGEST:
        return None
    close = get_close_matches(rest, settings, n=1, cutoff=0.8)
    if close or not rest:
        return close[0] if close else ""
    # STATIC_OPTIMIZE_IMAGES may be for something else, STATIC_OPTIMISER_IMAGES is not.
    return rest if head.endswith("R") else None


def _likeness(head: str) -> float:
    return SequenceMatcher(None, head, _NAME, autojunk=False).ratio()


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
