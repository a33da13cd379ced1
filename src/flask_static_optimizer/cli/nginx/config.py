"""The text of an nginx configuration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...config.values import X_ACCEL
from ...http.fields import CACHING, OF_BODY
from ...store.rules import NEVER_STALE
from .copy import OBJECTS, type_suffix
from .maps import Maps
from .probe import Location, Refused
from .quoting import comment, literal, quoted

if TYPE_CHECKING:
    from .routes import Route

#: Header fields of the app that nginx would drop from a file that the app hands to it.
_HANDED_ON = (
    "ETag",
    "Last-Modified",
    "Vary",
    "Content-Encoding",
    "Content-Security-Policy",
    "Cross-Origin-Resource-Policy",
    "Referrer-Policy",
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "X-Frame-Options",
)

#: Fields, in lower case, that say who may keep a response and for how long.
_OF_AGE = CACHING - OF_BODY - {"vary"}

#: The most examples that are listed for a reason.
_EXAMPLES = 3


@dataclass
class Site:
    """A site: the values that one app's configuration is made of."""

    #: The prefix of the names of variables, zones and locations.
    name: str
    root: str
    upstream: str
    listen: str
    server_name: str
    #: The prefixes of the URL paths of static folders.
    prefixes: Sequence[str]
    locations: Sequence[Location]
    refused: Sequence[Refused]
    routes: Sequence[Route]
    codings: Sequence[str]
    #: The URL paths of single files, at the root of the site.
    paths: Sequence[str] = ()
    #: Folders by the internal URL paths under which the app hands files to nginx
    #: (``STATIC_OPTIMIZER_SENDFILE``).
    protected: dict[str, str] = field(default_factory=dict)
    #: The names of the header fields that policies give to files.
    header_names: Sequence[str] = ()
    #: The path of the counters, which are not for everybody.
    metrics: str | None = None
    #: The files of the server's certificate and of its key.
    certificate: str | None = None
    key: str | None = None


def whole(site: Site) -> Iterator[str]:
    """Yield a file for nginx's ``conf.d`` that has the site as a server of its own."""
    yield from http_part(site)
    yield ""
    yield "server {"
    yield f"    listen {site.listen};"
    yield f"    server_name {site.server_name};"
    if site.certificate and site.key:
        yield f"    ssl_certificate {literal('--certificate', site.certificate)};"
        yield f"    ssl_certificate_key {literal('--key', site.key)};"
    yield ""
    yield from _indented(server_part(site))
    if "/" not in site.prefixes:
        yield ""
        yield "    location / {"
        yield from _indented(_indented(_proxy(site)))
        yield "    }"
    yield "}"


def http_part(site: Site) -> Iterator[str]:
    """Yield the part that belongs into the ``http`` block."""
    yield "# Made by 'flask static nginx': make it again after each deploy, then reload nginx."
    yield f"# {len(site.locations)} URLs are answered by nginx, exactly as the app answered them"
    yield "# when this was made. Everything else, errors and new files too, is the app's. Where it"
    yield "# is down, nginx sends what it has."
    yield from _refusals(site.refused)
    yield ""
    yield f"upstream {site.name} {{"
    yield f"    server {site.upstream};"
    yield "    keepalive 16;"
    yield "}"
    yield ""
    yield from Maps(site.name, site.locations, site.codings).lines()
    if site.routes:
        yield ""
        yield "# For @cacheable_static routes: nginx keeps what the app's Cache-Control allows."
        yield "# It knows no word that forbids to use a stale response where the app is down."
        yield f'map "$upstream_http_cache_control" ${site.name}_never_stale {{'
        yield '    default "";'
        yield f'    "~*(?:^|[,\\s])(?:{"|".join(sorted(NEVER_STALE))})(?:$|[,;=\\s])" "1";'
        yield "}"
        yield (
            f"proxy_cache_path {literal('--root', f'{site.root}/cache')} levels=1:2"
            f" keys_zone={site.name}_routes:10m max_size=1g inactive=1d use_temp_path=off;"
        )


def server_part(site: Site) -> Iterator[str]:
    """Yield the part that belongs into a ``server`` block."""
    maps = Maps(site.name, site.locations, site.codings)
    types = sorted({place.content_type for place in site.locations})
    for prefix in site.prefixes:
        # Below the root there may be other locations, which have to win over this one.
        yield f"location {'' if prefix == '/' else '^~ '}{quoted(prefix)} {{"
        yield from _indented(_folder(site, maps, types))
        yield "}"
    for path in site.paths:
        yield f"location = {quoted(path)} {{"
        yield from _indented(_folder(site, maps, types))
        yield "}"
    yield f"location @{site.name} {{"
    yield from _indented(_proxy(site))
    yield "}"
    yield from _copies(site, maps, types)
    for path, folder in site.protected.items():
        yield ""
        yield f"# Files that the app has let pass ({X_ACCEL}); no client can ask for them here."
        yield f"location ^~ {quoted(path)} {{"
        yield from _indented(_internal(folder, site.header_names))
        yield "}"
    if site.metrics:
        yield ""
        yield f"location = {quoted(site.metrics)} {{"
        yield "    allow 127.0.0.1;"
        yield "    allow ::1;"
        yield "    deny all;"
        yield from _indented(_proxy(site))
        yield "}"
    for route in site.routes:
        yield ""
        yield f"# {comment(route.endpoint)}: {comment(route.rule)}"
        yield f"location ~ {quoted(route.pattern)} {{"
        yield from _indented(_route(site))
        yield "}"


def _folder(site: Site, maps: Maps, types: Sequence[str]) -> Iterator[str]:
    yield from _copied(site, types)
    for header in maps.header_names:
        yield f"add_header {quoted(header)} {maps.header_variable(header)};"
    yield f"try_files /{OBJECTS}/${site.name}_file @{site.name}${site.name}_or;"


def _copied(site: Site, types: Sequence[str]) -> Iterator[str]:
    """Yield how a file of the copy is sent, but for the header fields that depend on the URL."""
    yield f"root {literal('--root', site.root)};"
    yield "types_hash_bucket_size 256;"
    yield "types {"
    for content_type in types:
        yield f"    {quoted(content_type)} {type_suffix(content_type)};"
    yield "}"
    yield "# nginx's own ETags and codings would be others than the app's."
    yield "etag off;"
    yield "gzip off;"
    yield "charset off;"
    yield "# An 'add_header' of the server does not reach here; repeat what you need."
    yield f"add_header ETag ${site.name}_etag;"
    yield f"add_header Last-Modified ${site.name}_modified;"
    yield f"add_header Content-Encoding ${site.name}_coding;"


def _copies(site: Site, maps: Maps, types: Sequence[str]) -> Iterator[str]:
    """Yield what is sent where the app is asked for a file of the copy and can't be reached."""
    for condition, status in (("copy", 200), ("304", 304)):
        yield f"location @{site.name}_or_{condition} {{"
        yield from _indented(_proxy(site))
        yield f"    error_page 502 504 ={status} @{site.name}_copy;"
        yield "}"
    yield f"location @{site.name}_copy {{"
    yield "    # How long this may be kept is the app's to say."
    yield "    add_header Cache-Control 'private, no-cache';"
    for header in maps.header_names:
        if header.lower() not in _OF_AGE:
            yield f"    add_header {quoted(header)} {maps.header_variable(header)};"
    yield from _indented(_copied(site, types))
    yield "    # All of it: nginx would compare its own dates."
    yield "    if_modified_since off;"
    yield "    max_ranges 0;"
    yield f"    try_files /{OBJECTS}/${site.name}_copy =502;"
    yield "}"


def _proxy(site: Site) -> Iterator[str]:
    yield f"proxy_pass http://{site.name};"
    yield "proxy_http_version 1.1;"
    yield 'proxy_set_header Connection "";'
    yield "proxy_set_header Host $http_host;"
    yield "# For werkzeug.middleware.proxy_fix.ProxyFix; what a client says of these is replaced."
    yield "proxy_set_header X-Forwarded-For $remote_addr;"
    yield "proxy_set_header X-Forwarded-Proto $scheme;"
    yield "proxy_set_header X-Forwarded-Host $http_host;"
    yield 'proxy_set_header X-Forwarded-Prefix "";'


def _internal(folder: str, header_names: Sequence[str]) -> Iterator[str]:
    yield "internal;"
    yield f"alias {literal('the static folder', folder.rstrip('/') + '/')};"
    yield "etag off;"
    yield "gzip off;"
    yield "charset off;"
    yield "# The app has judged the conditions, by its own validator."
    yield "if_modified_since off;"
    yield "# nginx takes over few fields of what the app said; an empty one is not sent."
    known = {name.lower() for name in _HANDED_ON}
    for name in (*_HANDED_ON, *(name for name in header_names if name.lower() not in known)):
        yield f"add_header {name} $upstream_http_{name.lower().replace('-', '_')};"


def _route(site: Site) -> Iterator[str]:
    yield f"proxy_cache {site.name}_routes;"
    yield "proxy_cache_key $scheme://$http_host$request_uri;"
    yield "# One request at a time makes what is not there, and a stale answer is used meanwhile"
    yield "# where the app allows it. Nothing is kept that the app does not give an age."
    yield "proxy_cache_lock on;"
    yield "proxy_cache_revalidate on;"
    yield "proxy_cache_background_update on;"
    yield "# One that is no longer fresh is used where the app is down, if nothing forbids it."
    yield "proxy_cache_use_stale error timeout;"
    yield "# A view may read what a GET brings along, and then its response is for nobody else."
    for_app = f"$http_authorization $content_length $http_service_worker ${site.name}_ask_worker"
    yield f"proxy_cache_bypass {for_app};"
    yield f"proxy_no_cache {for_app} ${site.name}_never_stale;"
    yield from _proxy(site)


def _refusals(refused: Sequence[Refused]) -> Iterator[str]:
    counts = Counter(item.reason for item in refused)
    for reason, count in counts.most_common():
        examples = [item.path for item in refused if item.reason == reason][:_EXAMPLES]
        more = ", ..." if count > len(examples) else ""
        listed = ", ".join(map(comment, examples))
        yield f"# Left to the app, as {comment(reason)}: {count} ({listed}{more})."


def _indented(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield f"    {line}" if line else line
