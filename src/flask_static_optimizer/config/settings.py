"""The extension's settings, read from the app's configuration once and checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from . import values
from .errors import ConfigurationError
from .header_fields import SHARED_ORIGINS, HeaderFields, header_fields, merged
from .host_url import host_url
from .names import PREFIX
from .policy import CachePolicy, SessionMode, boolean, seconds, session_mode
from .root_files import root_files
from .rules import Rule, read_rules
from .spelling import is_own, lookalikes, meant_setting, refuse_misspelt, why_no_json
from .tag_headers import tag_fields, tag_headers
from .values import CODINGS, FingerprintMode, SendfileHeader


class Settings(NamedTuple):
    """A value with all of the extension's settings, as checked values.

    The comments are the text of the table on the configuration page
    (``docs/_ext/settings_table.py``).
    """

    #: ``False``: files and pages are served as by Flask alone. What templates and views call still
    #: works: URLs are plain, and there is nothing to purge.
    enabled: bool = True
    #: Policies by endpoint and file name; the first rule that matches wins.
    rules: tuple[Rule, ...] = ()
    #: Freshness lifetime of a URL that has the fingerprint of the bytes that are sent: seconds or
    #: a ``timedelta``.
    max_age: int = 31536000
    #: Where ``url_for`` puts a file's fingerprint: ``"query"`` (``app.css?v=…``), ``"path"``
    #: (``app.….css``) or ``False``, nowhere.
    fingerprint: FingerprintMode | None = "query"
    #: ``True``: ``url_for`` of a static file that is not there raises an error, which is for tests
    #: and development. ``False``: the log names the file once.
    strict: bool = False
    #: The URL of the host, such as a CDN's, that pages load static files from:
    #: ``"https://cdn.example.com"``. These then have ``Access-Control-Allow-Origin: *``, unless
    #: ``HEADERS`` says otherwise. ``None`` or ``False``: the app's own host.
    host_url: str | None = None
    #: Use this host in debug mode, too.
    host_url_in_debug: bool = False
    #: Manifests of bundlers, relative to a static folder. The files that they name already have
    #: fingerprints, and ``static_entry()`` finds its entries there.
    manifests: tuple[str, ...] = ()
    #: The URL of Vite's development server, such as ``"http://localhost:5173"``, from which
    #: ``static_entry()`` then loads all. ``None`` or ``False``: there is none, as in production.
    vite_server: str | None = None
    #: ``True``: all pages with ES modules carry ``static_importmap()``, so that the URLs of modules
    #: have fingerprints, too. ``False``: a module keeps its plain URL and is ``no-cache`` there.
    importmap: bool = False
    #: Kinds of compression offered, best first. What each of them needs must be installed; ``[]``:
    #: nothing is compressed.
    encodings: tuple[str, ...] = CODINGS
    #: Send browsers only the changes since the version of a file that they have (RFC 9842).
    delta: bool = False
    #: Old versions of each file that are kept for ``DELTA``.
    delta_versions: int = 3
    #: The folder for compressed files, old versions and copies of large files: an absolute path.
    #: ``None``: ``static_optimizer`` in the app's instance folder.
    cache_dir: str | None = None
    #: Bytes that this folder may take; 0: nothing is kept.
    cache_size: int = 256 * 2**20
    #: Bytes of the largest file that is hashed while a page or a request waits, 16 MiB or more.
    #: Larger files have plain URLs and an ``ETag`` of their state until their hash is known.
    hash_size: int = 64 * 2**20
    #: Hash larger files in a background thread, one at a time. ``False``: only
    #: ``flask static build`` does.
    hash_later: bool = True
    #: Files of the app's static folder that are served at the root of the site, too:
    #: ``"favicon.ico"``, or ``{"/.well-known/security.txt": "security.txt"}`` for another path.
    root_files: tuple[tuple[str, str], ...] = ()
    #: Kinds of assets that a page's ``Link`` header asks browsers to load early: ``"style"``,
    #: ``"script"``, ``"module"``, ``"font"``, ``"image"``.
    preload: tuple[str, ...] = ()
    #: Send these ``Link`` headers before the view runs, too, as 103 Early Hints (RFC 8297), where
    #: the server offers ``wsgi.early_hints``: those of the endpoint's last page.
    early_hints: bool = False
    #: Serve files and folders whose name begins with a dot. (``.well-known`` is always served.)
    dotfiles: bool = False
    #: Follow symbolic links that lead out of the static folder.
    symlinks: bool = False
    #: Answer requests for files that are for everybody before Flask opens a context, without the
    #: app's hooks.
    express: bool = False
    #: Bytes that files, also compressed, and what is known of them may take in memory; those
    #: used longest ago are dropped first, and their hashes later. The last quarter is for bytes
    #: that are asked for often. A file is kept up to 1 MiB, or a thirty-second of this setting if
    #: that is more, and never above 16 MiB; above 64 KiB only while there is room. Others are read
    #: for each request, from their file or the cache folder. 0: no file is kept but the one that
    #: was used last.
    memory: int = 32 * 2**20
    #: Freshness lifetime of other static URLs, and of ``@cacheable_static`` without its own
    #: ``max_age``: seconds or a ``timedelta``; 0 means ``no-cache``. ``None``: Flask's
    #: ``SEND_FILE_MAX_AGE_DEFAULT`` where the app sets it, else 3600, and ``no-cache`` for files
    #: that break pages when they are old (HTML, ES modules, data) and in debug mode.
    unversioned_max_age: int | None = None
    #: The session mode of static endpoints whose policy names none: ``"isolated"`` or
    #: ``"protected"``.
    session: SessionMode = "isolated"
    #: Add ``public``, which lets shared caches keep even responses to requests with
    #: ``Authorization`` (RFC 9111 §3.5).
    public: bool = False
    #: The value of ``CDN-Cache-Control`` (RFC 9213) on responses that a shared cache may keep.
    #: ``None``: the field is not sent.
    cdn_cache_control: str | None = None
    #: Header fields of all static responses: a mapping of names and values, such as
    #: ``{"X-Content-Type-Options": "nosniff"}``. The field ``headers`` of a policy adds to them.
    headers: HeaderFields = ()
    #: Header fields that tell a CDN the ``tags`` of a policy, so that it can purge by them:
    #: ``"Cache-Tag"`` (Cloudflare, Akamai), ``"Surrogate-Key"`` (Fastly).
    tag_headers: tuple[str, ...] = ()
    #: ``"X-Accel-Redirect"`` or ``"X-Sendfile"``: the header field that tells a front server to
    #: send a protected file after the app has allowed it. ``None`` or ``False``: the app sends the
    #: file.
    sendfile: SendfileHeader | None = None
    #: The URL path where Prometheus reads the counters, such as ``"/-/static-optimizer"``. ``None``
    #: or ``False``: there is no such route. With ``prometheus_client``
    #: (``flask-static-optimizer[metrics]``) they have labels, and several processes count together.
    metrics: str | None = None
    #: Store the responses of ``@cacheable_static`` views whose policy does not say otherwise.
    store: bool = True
    #: Bytes that stored responses may take in the memory of each process, where the app has no
    #: cache of Flask-Caching.
    store_size: int = 32 * 2**20
    #: Bytes of the largest body that is stored. (memcached takes 1 MiB by default.)
    store_max_body: int = 1_000_000
    #: Seconds to wait for another request that makes the same response; 0: not at all.
    store_wait: int = 5
    #: Let a request's ``Cache-Control`` demand a new response (RFC 9111 §5.2.1).
    store_obeys_requests: bool = False

    @staticmethod
    def refuse_misspelt(config: Mapping[str, Any], *others: str) -> None:
        """Refuse keys of settings whose beginning is misspelt, and a table of settings.

        :param config: a Flask config, or the environment.
        :param others: names that are valid in it beside the settings, without the prefix.
        :raises ConfigurationError: names the key, and the one to write in its place.
        """
        refuse_misspelt(config, [*_READERS, *others])

    @staticmethod
    def lookalikes(config: Mapping[str, Any]) -> dict[str, str]:
        """Return the keys of a Flask config that look like settings and are none.

        :returns: the key of the setting that each may be meant for; empty if it is like none.
        """
        return lookalikes(config, _READERS)

    @staticmethod
    def is_own(key: str) -> bool:
        """Return whether a key is surely meant for the extension, be it a setting or not."""
        return is_own(key, _READERS)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Settings:
        """Read every ``STATIC_OPTIMIZER_`` key of a Flask config.

        :raises ConfigurationError: for an unknown key, a key that was meant to begin so, or a
            value of the wrong type; the message names the key, the value and what is valid.
        """
        cls.refuse_misspelt(config)
        checked = {}
        for key, value in config.items():
            if not key.startswith(PREFIX):
                continue
            name = key.removeprefix(PREFIX)
            if name not in _READERS:
                raise ConfigurationError(
                    f"{key}={value!r} is no setting; {meant_setting(name, _READERS)}"
                )
            if value is not None:
                checked[name.lower()] = _read(name, key, value)
        settings = cls(**checked)
        if settings.delta and settings.fingerprint is None:
            raise ConfigurationError(
                f"{PREFIX}DELTA=True does nothing beside {PREFIX}FINGERPRINT=False, as only URLs"
                " with fingerprints have versions; give 'query' or 'path', or leave DELTA out."
            )
        if settings.early_hints and not settings.preload:
            raise ConfigurationError(
                f"{PREFIX}EARLY_HINTS=True does nothing without {PREFIX}PRELOAD, whose links it"
                " sends early; give PRELOAD kinds of assets, such as ['style', 'font'], or leave"
                " EARLY_HINTS out."
            )
        said = {name.lower(): value for name, value in settings.headers}
        origins = said.get("cross-origin-resource-policy")
        if settings.host_url is not None and origins == "same-origin":
            raise ConfigurationError(
                f"{PREFIX}HEADERS has 'Cross-Origin-Resource-Policy'='same-origin', with which no"
                f" page can load a file from {PREFIX}HOST_URL={settings.host_url!r}; give"
                " 'same-site' or 'cross-origin', or leave one of the two out."
            )
        return settings

    @staticmethod
    def given(config: Mapping[str, Any]) -> dict[str, Any]:
        """Return a copy of the settings in a Flask config, by their keys and as they were written.

        An equal copy made later gives equal settings, and comparing costs less than reading again.
        """
        return {key: _copy(value) for key, value in config.items() if key.startswith(PREFIX)}

    def mode(self, policy: CachePolicy) -> SessionMode:
        """Return the session mode of requests under a policy: its own, else the app's."""
        return policy.session or self.session

    def with_headers(self, policy: CachePolicy, where: str, *, is_file: bool) -> CachePolicy:
        """Put the header fields of all static responses, and of the tags, below those of a policy.

        Of the files that pages load from another host, fonts, modules and what has ``integrity``
        are of use only if other origins may read them.

        :param where: the endpoint to name in errors.
        :param is_file: whether the policy is that of files in a static folder.
        :raises ConfigurationError: for tags that a field of ``TAG_HEADERS`` can't have.
        """
        is_elsewhere = is_file and self.host_url is not None and self.mode(policy) == "isolated"
        default = SHARED_ORIGINS if is_elsewhere else ()
        tags = tag_fields(f"the tags of {where!r}", self.tag_headers, policy.tags)
        return policy._replace(headers=merged(default, self.headers, tags, policy.headers))


def _read(name: str, key: str, value: object) -> Any:
    try:
        return _READERS[name](key, value)
    except ConfigurationError as error:
        raise ConfigurationError(f"{error}{why_no_json(value)}") from None


def _copy(value: Any) -> Any:
    """Copy the mappings and sequences of a value, and nothing else."""
    if isinstance(value, Mapping):
        return {key: _copy(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_copy(each) for each in value]
    return value


_READERS: Mapping[str, Callable[[str, object], Any]] = {
    "ENABLED": boolean,
    "RULES": read_rules,
    "MAX_AGE": seconds,
    "FINGERPRINT": values.fingerprint,
    "STRICT": boolean,
    "HOST_URL": host_url,
    "HOST_URL_IN_DEBUG": boolean,
    "MANIFESTS": values.manifests,
    "VITE_SERVER": values.server_url,
    "IMPORTMAP": boolean,
    "ENCODINGS": values.encodings,
    "DELTA": values.delta,
    "DELTA_VERSIONS": values.at_least(1, "versions"),
    "CACHE_DIR": values.folder,
    "CACHE_SIZE": values.at_least(0, "bytes"),
    "HASH_SIZE": values.at_least(16 * 2**20, "bytes"),
    "HASH_LATER": boolean,
    "ROOT_FILES": root_files,
    "PRELOAD": values.preload,
    "EARLY_HINTS": boolean,
    "DOTFILES": boolean,
    "SYMLINKS": boolean,
    "EXPRESS": boolean,
    "MEMORY": values.at_least(0, "bytes"),
    "UNVERSIONED_MAX_AGE": seconds,
    "SESSION": session_mode,
    "PUBLIC": boolean,
    "CDN_CACHE_CONTROL": values.header_value,
    "HEADERS": header_fields,
    "TAG_HEADERS": tag_headers,
    "SENDFILE": values.sendfile,
    "METRICS": values.url_path,
    "STORE": boolean,
    "STORE_SIZE": values.at_least(0, "bytes"),
    "STORE_MAX_BODY": values.at_least(0, "bytes"),
    "STORE_WAIT": seconds,
    "STORE_OBEYS_REQUESTS": boolean,
}
