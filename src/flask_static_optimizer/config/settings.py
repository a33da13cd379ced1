"""The extension's configuration, read once and checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from . import values
from .errors import ConfigurationError, nearest
from .names import PREFIX
from .policy import CachePolicy, SessionMode, boolean, seconds, session_mode
from .rules import Rule, read_rules
from .values import CODINGS, FingerprintMode, SendfileHeader


@dataclass(frozen=True, slots=True)
class Settings:
    """All of the extension's settings, as checked values.

    The comments are what the configuration page's table says (``docs/_ext/settings_table.py``).
    """

    #: ``False``: nothing is installed.
    enabled: bool = True
    #: Policies by endpoint and file name; the first that matches wins.
    rules: tuple[Rule, ...] = ()
    #: Freshness of a URL with the fingerprint of the bytes it leads to: seconds or a
    #: ``timedelta``.
    max_age: int = 31536000
    #: Where ``url_for`` puts a file's fingerprint: ``"query"`` (``app.css?v=…``), ``"path"``
    #: (``app.….css``) or ``False``, nowhere.
    fingerprint: FingerprintMode | None = "query"
    #: Manifests of bundlers, relative to a static folder, whose files are fingerprinted already.
    manifests: tuple[str, ...] = ()
    #: Content codings offered, best first; one that is named must be installed.
    encodings: tuple[str, ...] = CODINGS
    #: Send browsers only what changed since the version that they have (RFC 9842).
    delta: bool = False
    #: Old versions of a file that are kept for that.
    delta_versions: int = 3
    #: Where coded variants and old versions are kept: an absolute path. ``None``:
    #: ``static_optimizer`` in the app's instance folder.
    cache_dir: str | None = None
    #: Bytes that may be kept there; 0: nothing is.
    cache_size: int = 256 * 2**20
    #: Kinds of assets that a page's ``Link`` header asks browsers to load early: ``"style"``,
    #: ``"script"``, ``"module"``, ``"font"``, ``"image"``.
    preload: tuple[str, ...] = ()
    #: Serve files and folders whose name begins with a dot. (``.well-known`` always is.)
    dotfiles: bool = False
    #: Serve what a symbolic link leads to outside its static folder.
    symlinks: bool = False
    #: Answer files that are for everybody before Flask opens a context, past the app's hooks too.
    express: bool = False
    #: Bytes that files (up to 1 MiB each, or a thirty-second of this, and none above 16 MiB) and
    #: their coded variants may take in memory; what was used longest ago goes first. 0: no file,
    #: and the variants of none but the one used last. Stylesheets with references are in memory
    #: besides, as what is served is not the file's own bytes.
    memory: int = 32 * 2**20
    #: Freshness of other static URLs, and of ``@cacheable_static`` without its own ``max_age``:
    #: seconds or a ``timedelta``; 0 means ``no-cache``. ``None``: Flask's
    #: ``SEND_FILE_MAX_AGE_DEFAULT`` where the app sets it, else 3600 (``no-cache`` in debug mode).
    unversioned_max_age: int | None = None
    #: The session mode of static endpoints that no policy names: ``"isolated"`` or
    #: ``"protected"``.
    session: SessionMode = "isolated"
    #: Add ``public``, which lets shared caches keep even answers to requests with
    #: ``Authorization`` (RFC 9111 §3.5).
    public: bool = False
    #: Value of ``CDN-Cache-Control`` (RFC 9213) on responses that a shared cache may keep.
    #: ``None``: the field is left out.
    cdn_cache_control: str | None = None
    #: ``"X-Accel-Redirect"`` or ``"X-Sendfile"``: the header field by which a front server is told
    #: to send a protected file that the app has let pass. ``None`` or ``False``: the app sends it.
    sendfile: SendfileHeader | None = None
    #: The URL path of the counters for Prometheus, such as ``"/-/static-optimizer"``. ``None`` or
    #: ``False``: there is none.
    metrics: str | None = None
    #: Keep responses of views whose policy does not say otherwise.
    store: bool = True
    #: Bytes that they may take in the memory of each process, where the app has no cache of
    #: Flask-Caching.
    store_size: int = 32 * 2**20
    #: Bytes of the largest body that is kept. (memcached takes 1 MiB by default.)
    store_max_body: int = 1_000_000
    #: Seconds to wait for another request that makes the same; 0: not at all.
    store_wait: int = 5
    #: Let a request's ``Cache-Control`` demand a new response (RFC 9111 §5.2.1).
    store_obeys_requests: bool = False

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Settings:
        """Read every ``STATIC_OPTIMIZER_`` key of a Flask config.

        :raises ConfigurationError: for an unknown key or a value of the wrong type; the
            message names the key, the value and what is valid.
        """
        checked = {}
        for key, value in config.items():
            if not key.startswith(PREFIX):
                continue
            name = key.removeprefix(PREFIX)
            if name not in _READERS:
                raise ConfigurationError(
                    f"{key}={value!r} is no setting (those below go after {PREFIX});"
                    f" {nearest(name, _READERS)}"
                )
            if value is not None:
                checked[name.lower()] = _READERS[name](key, value)
        settings = cls(**checked)
        if settings.delta and settings.fingerprint is None:
            raise ConfigurationError(
                f"{PREFIX}DELTA=True does nothing beside {PREFIX}FINGERPRINT=False, as only URLs"
                " with fingerprints have versions; give 'query' or 'path', or leave DELTA out."
            )
        return settings

    def mode(self, policy: CachePolicy) -> SessionMode:
        """The session mode of requests under a policy: its own, else the app's."""
        return policy.session or self.session


_READERS: Mapping[str, Callable[[str, object], Any]] = {
    "ENABLED": boolean,
    "RULES": read_rules,
    "MAX_AGE": seconds,
    "FINGERPRINT": values.fingerprint,
    "MANIFESTS": values.manifests,
    "ENCODINGS": values.encodings,
    "DELTA": values.delta,
    "DELTA_VERSIONS": values.at_least(1, "versions"),
    "CACHE_DIR": values.folder,
    "CACHE_SIZE": values.at_least(0, "bytes"),
    "PRELOAD": values.preload,
    "DOTFILES": boolean,
    "SYMLINKS": boolean,
    "EXPRESS": boolean,
    "MEMORY": values.at_least(0, "bytes"),
    "UNVERSIONED_MAX_AGE": seconds,
    "SESSION": session_mode,
    "PUBLIC": boolean,
    "CDN_CACHE_CONTROL": values.header_value,
    "SENDFILE": values.sendfile,
    "METRICS": values.url_path,
    "STORE": boolean,
    "STORE_SIZE": values.at_least(0, "bytes"),
    "STORE_MAX_BODY": values.at_least(0, "bytes"),
    "STORE_WAIT": seconds,
    "STORE_OBEYS_REQUESTS": boolean,
}
