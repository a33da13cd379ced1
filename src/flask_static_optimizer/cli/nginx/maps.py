"""The ``map`` blocks by which nginx finds a file's representation and what to say of it.

nginx compares the keys of a map without regard to case, so what is found says its own path again;
and it has no way to escape a ``$``, so no value may have one (:mod:`quoting` sees to that).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from .quoting import quoted

if TYPE_CHECKING:
    from .probe import Fields, Location

#: What a request may have that only the app answers right, as a map from a variable to anything.
_QUESTIONS = (
    ("method", "$request_method", {"default": "1", "GET": "", "HEAD": ""}),
    ("query", "$args", {"default": "", r"~\s": "1"}),
    # Weights, and more than the app looks at.
    ("weights", "$http_accept_encoding", {"default": "", "~[;*]": "1", "~^.{513}": "1"}),
    # nginx says nothing of the validator in a 412, and too much in a 304.
    ("match", "$http_if_match$http_if_unmodified_since", {"default": "1", "": ""}),
    ("since", "$http_if_none_match:$http_if_modified_since", {"default": "", "~^:.": "1"}),
    # One range that every file but an empty one has. Others may end in an error, of which nginx
    # would say that it may be kept.
    (
        "range",
        "$request_method:$http_range",
        {
            "default": "1",
            "~:$": "",
            r"~^GET:bytes=0-\d{0,15}$": "",
            r"~^GET:bytes=-0*[1-9]\d{0,14}$": "",
        },
    ),
)


class Maps:
    """The maps for some locations.

    :param name: what the names of variables begin with.
    :param codings: content codings, best first.
    """

    def __init__(self, name: str, locations: Sequence[Location], codings: Sequence[str]) -> None:
        self._name = name
        self._locations = locations
        used = {coding for location in locations for coding in location.coded}
        self._codings = [coding for coding in codings if coding in used]
        self._profiles: dict[Fields, int] = {}
        for location in locations:
            for fields in (location.plain, location.verified, location.other):
                if fields is not None:
                    self._profiles.setdefault(fields, len(self._profiles))

    @property
    def header_names(self) -> list[str]:
        """The header fields that the app says of files, but for those of each representation."""
        return sorted({name for fields in self._profiles for name, _ in fields})

    def header_variable(self, header: str) -> str:
        """The variable with what is to be said in a header field; empty: nothing."""
        return self._variable(f"h{self.header_names.index(header)}")

    def lines(self) -> Iterator[str]:
        """All of them, for the ``http`` context."""
        longest = max((len(location.path) for location in self._locations), default=0)
        bucket = 64
        while bucket < longest + 48:
            bucket *= 2
        yield "# If these are set elsewhere already, delete them here and set as much there."
        yield f"map_hash_bucket_size {bucket};"
        yield f"map_hash_max_size {max(2048, 2 * len(self._locations))};"
        yield ""
        yield "# The path as it was sent: another spelling of it is the app's to judge."
        yield from self._map("$request_uri", "path", {r"~^(?<@p>[^?]*)": "$@p"})
        yield ""
        yield "# By path: the path again, its fingerprint, the header fields of the plain URL, of"
        yield "# the fingerprinted one and of one with another one, its bytes, Last-Modified."
        yield from self._map(
            "$@path",
            "asset",
            {"default": "", **{place.path: self._asset(place) for place in self._locations}},
        )
        yield from self._map(
            "$@path $@asset", "known", {"default": "", r"~^(?<@e>\S+) \k<@e> ": "1"}
        )
        yield ""
        yield "# The same bytes in a coding, for those who take it; the best that there is wins."
        found = "identity"
        yield from self._map(
            "$@asset", found, {"default": "", r"~^\S+ \S+ \S+ \S+ \S+ (?<@i>\S+)": "$@i"}
        )
        for coding in reversed(self._codings):
            pattern = rf"~*(?:^|,)\s*(?:x-)?{coding}\s*(?:,|$)"
            yield from self._map(
                "$http_accept_encoding", f"takes_{coding}", {"default": "", pattern: "1"}
            )
            coded = {
                f"1{place.path}": f"{coding}:{place.coded[coding].object}"
                for place in self._locations
                if coding in place.coded
            }
            yield from self._map(
                f"$@takes_{coding}$@path", f"in_{coding}", {"default": f"$@{found}", **coded}
            )
            found = f"in_{coding}"
        yield from self._map(f"$@{found}", "coding", {"default": "", "~^(?<@c>[a-z]+):": "$@c"})
        yield from self._map(f"$@{found}", "object", {"default": "", "~:(?<@o>.+)$": "$@o"})
        yield from self._map("$@object", "etag", {"default": "", "~/(?<@t>[0-9a-f]{32})": '"$@t"'})
        yield from self._map(
            "$@asset", "modified", {"default": "", r"~ (?<@m>\w+, [^,]+ GMT)$": "$@m"}
        )
        yield ""
        yield "# Which header fields: a fingerprint has to be that of these very bytes."
        yield from self._map(
            "$args $@asset",
            "profile",
            {
                "default": "-",
                r"~^v=(?<@v>[0-9a-f]{16}) \S+ \k<@v> \S+ (?<@p1>\S+)": "$@p1",
                r"~^v=[0-9a-f]{16} \S+ [0-9a-f]{16} \S+ \S+ (?<@p2>\S+)": "$@p2",
                r"~^ \S+ \S+ (?<@p0>\S+)": "$@p0",
            },
        )
        for index, header in enumerate(self.header_names):
            said = {
                str(profile): dict(fields)[header]
                for fields, profile in self._profiles.items()
                if header in dict(fields)
            }
            yield from self._map("$@profile", f"h{index}", {"default": "", **said})
        yield ""
        yield from self._questions()

    def _questions(self) -> Iterator[str]:
        yield "# What only the app answers right."
        for name, source, answers in _QUESTIONS:
            yield from self._map(source, f"ask_{name}", answers)
        yield from self._map(
            "$http_if_range:$@etag",
            "ask_resume",
            {"default": "1", r"~^(?:(?<@r>.+):\k<@r>$|:)": ""},
        )
        yield from self._map(
            "$http_if_none_match $@etag",
            "ask_held",
            {"default": "", r"~^\s*\*": "1", r'~"(?<@n>[0-9a-f]{32})".* "\k<@n>"$': "1"},
        )
        names = [*(name for name, _, _ in _QUESTIONS), "resume", "held"]
        asked = "".join(f"${{@ask_{name}}}" for name in names)
        headers = "$http_authorization$http_available_dictionary$http_upgrade"
        yield ""
        yield "# The file to send; there is none of the name 'none', so that the app is asked."
        yield from self._map(
            f"$@known:{asked}{headers}:$@profile",
            "file",
            {"default": "none", "~^1::[0-9]+$": "$@object"},
        )

    def _asset(self, place: Location) -> str:
        identity = f"{place.identity.coding or '-'}:{place.identity.object}"
        fields = [
            place.path,
            place.fingerprint or "-",
            *map(self._profile, (place.plain, place.verified, place.other)),
            identity,
            place.last_modified,
        ]
        return " ".join(fields).rstrip()

    def _profile(self, fields: Fields | None) -> str:
        return "-" if fields is None else str(self._profiles[fields])

    def _variable(self, name: str) -> str:
        return f"${self._name}_{name}"

    def _map(self, source: str, name: str, entries: Mapping[str, str]) -> Iterator[str]:
        def own(text: str) -> str:
            return text.replace("@", f"{self._name}_")

        # Only what is written here has '@' for the name; paths of files may have one, too.
        yield f"map {quoted(own(source))} {self._variable(name)} {{"
        for key, value in entries.items():
            if key == "default":
                yield f"    default {quoted(own(value) if '$' in value else value)};"
            elif key.startswith("~"):
                yield f"    {quoted(own(key))} {quoted(own(value))};"
            else:
                yield f"    {quoted(key)} {quoted(value)};"
        yield "}"
