"""The tags that load an entry of a bundler: its script, its stylesheets, and what it imports."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from flask import url_for
from markupsafe import Markup

from ..config.errors import nearest
from .chunks import with_imports
from .javascript import is_javascript
from .media_types import is_stylesheet

if TYPE_CHECKING:
    from .chunks import Chunk
    from .manifests import Manifests
    from .mount import Mount

_STYLESHEET = Markup('<link rel="stylesheet" href="{}"{}>')
_PRELOAD = Markup('<link rel="modulepreload" href="{}"{}>')
_MODULE = Markup('<script type="module" src="{}"{}></script>')
_SCRIPT = Markup('<script defer src="{}"{}></script>')


class EntryError(LookupError):
    """An error for an entry that no manifest has. The message names those that there are."""


class Entries:
    """The entries of an app's bundlers.

    :param manifests: the bundlers' manifests.
    :param mounts: returns the static folders that the manifests may lie in.
    :param server: the URL of Vite's development server, without a slash at its end, if it runs.
    :param integrity: returns the value of an ``integrity`` attribute, by file name and endpoint.
    """

    def __init__(
        self,
        manifests: Manifests,
        mounts: Callable[[], Sequence[Mount]],
        server: str | None,
        integrity: Callable[[str, str], str],
    ) -> None:
        self._manifests = manifests
        self._mounts = mounts
        self._server = server
        self._integrity = integrity

    def static_entry(
        self,
        *names: str,
        endpoint: str | None = None,
        nonce: str | None = None,
        integrity: bool = True,
    ) -> Markup:
        """Return the tags that load entries of a bundler, such as ``"src/main.js"``.

        :param names: the entries' keys in the manifest.
        :param endpoint: the endpoint of the static folder that the manifest lies in; ``None``: any.
        :param nonce: the nonce of the page's Content-Security-Policy, if it has one.
        :param integrity: whether the tags have ``integrity`` attributes.
        :raises EntryError: if no manifest has such an entry.
        """
        if self._server is not None:
            return self._of_server(names, nonce)
        # In a dictionary each tag is there once, whichever entries share what it loads.
        styles: dict[Markup, None] = {}
        preloads: dict[Markup, None] = {}
        scripts: dict[Markup, None] = {}
        for name in names:
            mount, manifest, known = self.find(name, endpoint)

            tag = partial(self._tag, mount, manifest, nonce, integrity=integrity)
            *imported, chunk = with_imports(known, name)
            for each in (*imported, chunk):
                for css in each.css:
                    styles[tag(_STYLESHEET, css)] = None
            for each in imported:
                preloads[tag(_PRELOAD, each.file)] = None
            if is_javascript(chunk.file):
                scripts[tag(_MODULE if chunk.is_module else _SCRIPT, chunk.file)] = None
            else:
                styles[tag(_STYLESHEET, chunk.file)] = None
        return Markup("\n").join((*styles, *preloads, *scripts))

    def _tag(
        self,
        mount: Mount,
        manifest: str,
        nonce: str | None,
        kind: Markup,
        file: str,
        *,
        integrity: bool,
    ) -> Markup:
        if "://" in file:  # on a host that only the bundler knows
            return kind.format(file, _attributes(file, nonce, ""))
        name = self._manifests.place(mount, manifest, file)
        url = url_for(mount.endpoint, filename=name)
        digest = self._integrity(name, mount.endpoint) if integrity else ""
        return kind.format(url, _attributes(url, nonce, digest))

    def _of_server(self, names: Sequence[str], nonce: str | None) -> Markup:
        tags = []
        for name in ("@vite/client", *names):
            kind = _STYLESHEET if is_stylesheet(name) else _MODULE
            url = f"{self._server}/{quote(name.lstrip('/'), safe='/@')}"
            tags.append(kind.format(url, _attributes("", nonce, "")))
        return Markup("\n").join(tags)

    def find(self, name: str, endpoint: str | None) -> tuple[Mount, str, Mapping[str, Chunk]]:
        """Return the first manifest that has an entry, and the folder in which it lies.

        :raises EntryError: if none has.
        """
        asked = f"static_entry({name!r})"
        if not self._manifests.names:
            raise EntryError(
                f"{asked} finds no manifest: STATIC_OPTIMIZER_MANIFESTS is empty. Name your"
                " bundler's, relative to the static folder, such as 'dist/.vite/manifest.json'."
            )
        mounts = [mount for mount in self._mounts() if endpoint in (None, mount.endpoint)]
        if not mounts:
            known = ", ".join(repr(mount.endpoint) for mount in self._mounts()) or "none"
            of = "any endpoint" if endpoint is None else f"the endpoint {endpoint!r}"
            raise EntryError(
                f"{asked}: there is no static folder of {of} that Flask's own view serves;"
                f" those that it does: {known}."
            )
        said: list[str] = []
        for mount in mounts:
            for manifest in self._manifests.names:
                content = self._manifests.content(mount, manifest)
                chunk = content.chunks.get(name)
                if chunk is not None and (is_javascript(chunk.file) or is_stylesheet(chunk.file)):
                    return mount, manifest, content.chunks
                where = f"{manifest!r} of {mount.endpoint!r}"
                if chunk is not None:
                    said.append(f"in {where} it is {chunk.file!r}, no script and no stylesheet.")
                elif content.error:
                    said.append(f"{where} can't be read ({content.error}); build it again.")
                elif content.is_there:
                    entries = [key for key, each in content.chunks.items() if each.is_entry]
                    said.append(f"{where} has no such entry; {nearest(name, entries)}")
        if not said:
            folders = ", ".join(repr(mount.folder) for mount in mounts)
            names = ", ".join(map(repr, self._manifests.names))
            said.append(
                f"{names} of STATIC_OPTIMIZER_MANIFESTS is not there in {folders}. Run the"
                " bundler's build; or while you develop its server, and set"
                " STATIC_OPTIMIZER_VITE_SERVER."
            )
        raise EntryError(f"{asked}: {' '.join(said)}")


def _attributes(url: str, nonce: str | None, integrity: str) -> Markup:
    found = Markup()
    if integrity:
        found += Markup(' integrity="{}"').format(integrity)
        if "//" in url.partition("?")[0]:  # of another host: it is checked in CORS mode only
            found += Markup(" crossorigin")
    if nonce:
        found += Markup(' nonce="{}"').format(nonce)
    return found
