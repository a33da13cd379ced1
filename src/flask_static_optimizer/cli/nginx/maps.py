"""The ``map`` blocks by which nginx finds the representation of a file and its header fields.

nginx ignores case when it compares the keys of a map. So each value repeats its path, which is then
compared again. nginx also has no way to escape a ``$``, so no value may have one (:mod:`quoting`
checks that).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from .quoting import quoted

if TYPE_CHECKING:
    from ..public_files import Fields
    from .probe import Location

#: Properties of a request that only the app answers correctly: a name, a variable, and a map from
#: its values to a string that is not empty if the app has to answer.
_QUESTIONS = (
    ("method", "$request_method", {"default": "1", "GET": "", "HEAD": ""}),
    ("query", "$args", {"default": "", r"~\s": "1"}),
    # No query, or a fingerprint alone where the file has one.
    (
        "version",
        "$args $@asset",
        {"default": "1", r"~^ \S": "", r"~^v=[0-9a-f]{16} \S+ [0-9a-f]{16} ": ""},
    ),
    # Weights, and values that are longer than the app parses.
    ("weights", "$http_accept_encoding", {"default": "", "~[;*]": "1", "~^.{513}": "1"}),
    # A service worker's modules, and what a worker imports (http.workers).
    (
        "worker",
        "$http_sec_fetch_dest:$http_sec_fetch_mode:$http_referer",
        {
            "default": "",
            "~^serviceworker:": "1",
            r"~*^script:no-cors:[^?#]*\.m?js(?:[?#]|$)": "1",
        },
    ),
    # nginx sends no ETag with a 412, and too many header fields with a 304.
    ("match", "$http_if_match$http_if_unmodified_since", {"default": "1", "": ""}),
    ("since", "$http_if_none_match:$http_if_modified_since", {"default": "", "~^:.": "1"}),
    # Only ranges that every file but an empty one has. Others may lead to an error, which nginx
    # would send with the caching headers of the file.
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

#: How many keys of the longest kind have room in a bucket of nginx's hash tables. With fewer nginx
#: finds no arrangement of many keys, and warns.
_IN_A_BUCKET = 8
_VARIABLES_BUCKET = 256


class Maps:
    """A set of ``map`` blocks for some locations.

    :param name: the prefix of the names of variables.
    :param locations: the URL paths that nginx answers for.
    :param codings: the content codings, best first.
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
        """Return the names of the header fields that are the same for all codings of a file."""
        return sorted({name for fields in self._profiles for name, _ in fields})

    def header_variable(self, header: str) -> str:
        """Return the variable with the value of a header field, empty if it is not to be sent."""
        return self._variable(f"h{self.header_names.index(header)}")

    def lines(self) -> Iterator[str]:
        """Yield all lines, for the ``http`` block."""
        longest = max((len(location.path) for location in self._locations), default=0)
        bucket = 64
        while bucket < _IN_A_BUCKET * (longest + 24):  # a key, and what nginx keeps with it
            bucket *= 2
        yield "# If these are set elsewhere already, delete them here and set as much there."
        yield f"variables_hash_bucket_size {_VARIABLES_BUCKET};"
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
                r"~^\S* \S+ \S+ (?<@p0>\S+)": "$@p0",
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
        headers = "$http_authorization$http_available_dictionary$http_service_worker$http_upgrade"
        yield ""
        yield "# The file to send; there is none of the name 'none', so that the app is asked."
        yield from self._map(
            f"$@known:{asked}{headers}:$@profile",
            "file",
            {"default": "none", "~^1::[0-9]+$": "$@object"},
        )
        yield ""
        yield "# The file to send where the app is down, and whether the client has it. nginx can't"
        yield "# compare an If-Match with these ETags."
        yield from self._map(
            "$@known:${@ask_method}${@ask_match}", "copy", {"default": "none", "~^1:$": "$@object"}
        )
        yield from self._map(
            "$@ask_held:$http_if_none_match:$http_if_modified_since $@modified",
            "held",
            {"default": "", "~^1:": "1", r"~^::(?<@s>\w+, [^,]+ GMT) \k<@s>$": "1"},
        )
        yield from self._map(
            "$@copy:$@held", "or", {"default": "_or_copy", "~^none:": "", "~:1$": "_or_304"}
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

        # An '@' stands for the prefix only in text that is written in this module. Paths of files
        # may have one, too, and are left as they are.
        yield f"map {quoted(own(source))} {self._variable(name)} {{"
        for key, value in entries.items():
            if key == "default":
                yield f"    default {quoted(own(value) if '$' in value else value)};"
            elif key.startswith("~"):
                yield f"    {quoted(own(key))} {quoted(own(value))};"
            else:
                yield f"    {quoted(key)} {quoted(value)};"
        yield "}"
