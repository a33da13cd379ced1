"""The header fields that tell a CDN the tags of a response."""

from __future__ import annotations

from .errors import ConfigurationError
from .header_fields import HeaderFields
from .names import PREFIX
from .stored_fields import texts

#: The fields, and what stands between two tags in each: Cloudflare's, Akamai's and others', and
#: Fastly's.
SEPARATORS = {"Cache-Tag": ",", "Surrogate-Key": " "}

#: The most bytes of a tag that can be purged, and of a field (Cloudflare, "Purge cache by
#: cache-tags"; Fastly, "Surrogate-Key"). What is beyond is ignored without a word.
LONGEST_TAG = 1024
LONGEST_FIELD = 16_384


def tag_headers(where: str, value: object) -> tuple[str, ...]:
    """Read the ``TAG_HEADERS`` setting.

    :raises ConfigurationError: for anything but names of such fields.
    """
    known = {name.lower(): name for name in SEPARATORS}
    if value is False:
        return ()
    names = texts(value)
    if names is None or not all(name.lower() in known for name in names):
        raise ConfigurationError(f"{where} is {value!r}: give a list of {list(SEPARATORS)}.")
    return tuple(dict.fromkeys(known[name.lower()] for name in names))


def tag_fields(where: str, names: tuple[str, ...], tags: tuple[str, ...]) -> HeaderFields:
    """Return the header fields that have some tags.

    :param where: the place of the tags to name in errors.
    :param names: the names of the fields.
    :param tags: the tags of a policy.
    :raises ConfigurationError: for a tag that such a field can't have, and for too many.
    """
    if not names or not tags:
        return ()
    for tag in tags:
        if not (tag.isascii() and tag.isprintable()) or " " in tag or "," in tag:
            raise ConfigurationError(
                f"{where} have {tag!r}, which {names[0]} can't have ({PREFIX}TAG_HEADERS): give"
                " ASCII characters without spaces and commas."
            )
        if len(tag) > LONGEST_TAG:
            raise ConfigurationError(
                f"{where} have {tag[:20]!r}… with {len(tag)} characters, and CDNs ignore those of"
                f" more than {LONGEST_TAG} ({PREFIX}TAG_HEADERS); give a shorter one."
            )
    fields = tuple((name, SEPARATORS[name].join(dict.fromkeys(tags))) for name in names)
    for name, text in fields:
        if len(text) > LONGEST_FIELD:
            raise ConfigurationError(
                f"{where} make a {name} of {len(text)} bytes, and CDNs ignore what is beyond"
                f" {LONGEST_FIELD} ({PREFIX}TAG_HEADERS); give fewer or shorter ones."
            )
    return fields
