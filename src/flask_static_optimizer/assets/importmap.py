"""Import maps: where a module's plain URL leads (HTML §8.1.6.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase

from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup
from werkzeug.routing import BuildError

from .mount import Mount
from .urls import PLAIN

_MODULES = (".js", ".mjs")


def import_map(
    mounts: Iterable[Mount], url_for: Callable[..., str], patterns: Sequence[str], nonce: str | None
) -> Markup:
    """A ``script`` element that leads imports to fingerprinted URLs.

    Its keys are URLs: that is what ``import "./b.js"`` in a module is resolved to, and its map
    says ``/static/js/b.js?v=…`` for it.

    :param patterns: globs of file names, where not all modules are meant.
    :param nonce: for a Content-Security-Policy that wants one.
    """
    imports = {}
    for mount in mounts:
        for name in mount.names():
            if not name.endswith(_MODULES):
                continue
            if patterns and not any(fnmatchcase(name, pattern) for pattern in patterns):
                continue
            try:
                plain = url_for(mount.endpoint, filename=name, **{PLAIN: True})
            except BuildError:  # its URL needs more than a file name: nobody imports from there
                break
            url = url_for(mount.endpoint, filename=name)
            if url != plain:
                imports[plain] = url
    attribute = Markup(' nonce="{}"').format(nonce) if nonce else ""
    return Markup('<script type="importmap"{}>{}</script>').format(
        attribute, htmlsafe_json_dumps({"imports": imports}, sort_keys=True)
    )
