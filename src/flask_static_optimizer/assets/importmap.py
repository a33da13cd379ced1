"""Import maps, which lead modules' plain URLs to fingerprinted ones (HTML §8.1.6.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase

from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup
from werkzeug.routing import BuildError

from .host import Host
from .javascript import is_javascript
from .mount import Mount
from .urls import PLAIN


def import_map(
    mounts: Iterable[Mount],
    url_for: Callable[..., str],
    patterns: Sequence[str],
    nonce: str | None,
    host: Host | None = None,
) -> Markup:
    """Return a ``script`` element that maps imports to fingerprinted URLs.

    The keys of the map are URLs, because the browser resolves ``import "./b.js"`` in a module to
    ``/static/js/b.js``. The map leads this URL to ``/static/js/b.js?v=…``.

    :param patterns: globs of file names that select modules; none: all modules.
    :param nonce: the nonce of the page's Content-Security-Policy, if it has one.
    :param host: the host that the page loads modules from, if it is not the app's. A module there
        resolves its imports to that host; a script in the page resolves them to the app's.
    """
    imports = {}
    for mount in mounts:
        for name in mount.names():
            if not is_javascript(name):
                continue
            if patterns and not any(fnmatchcase(name, pattern) for pattern in patterns):
                continue
            try:
                plain = url_for(mount.endpoint, filename=name, **{PLAIN: True})
            except BuildError:  # the URL has more parameters than the file name
                break
            url = url_for(mount.endpoint, filename=name)
            keys = [plain]
            if host is not None and host.has(mount, name):
                keys.append(host.before(plain))
            for key in keys:
                if url != key:
                    # A version that the app adds to its URLs is in no import: "./b.js" has no
                    # query.
                    imports[key.partition("?")[0]] = url
    attribute = Markup(' nonce="{}"').format(nonce) if nonce else ""
    return Markup('<script type="importmap"{}>{}</script>').format(
        attribute, htmlsafe_json_dumps({"imports": imports}, sort_keys=True)
    )
