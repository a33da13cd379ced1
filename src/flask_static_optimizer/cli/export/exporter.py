"""The requests of an export, and the files that become of their responses."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from ...assets import fingerprints
from ...assets.urls import fingerprints_of
from ...http.codings import suffix
from ..public_files import (
    FailedResponseError,
    NotPublicError,
    PublicFile,
    Representation,
    UrlPair,
    urls_of,
)
from ..writing import ChangedBytesError, Written
from .folder import ExportFolder, TakenError
from .journal import OccupiedError
from .left_out import LeftOut, path_of

if TYPE_CHECKING:
    from flask import Flask

    from ...assets.mount import Mount
    from ...requests.static_endpoint import StaticEndpoint
    from ...state import AppState


class Excluded(NamedTuple):
    """A URL that is not in the export, and the reason."""

    url: str
    reason: str

    def as_dict(self) -> dict[str, str]:
        """Return it, ready for JSON."""
        return {"url": self.url, "reason": self.reason}


@dataclass
class Report:
    """A report of what an export did and did not."""

    #: The assets by endpoint and name.
    assets: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    #: URLs that only the app may answer for.
    left_out: list[Excluded] = field(default_factory=list)
    #: URLs that should be in the export.
    failed: list[Excluded] = field(default_factory=list)


def names_of(state: AppState) -> list[tuple[Mount, str]]:
    """Return the folder and the name of each static file."""
    return [(mount, name) for mount in state.endpoints.mounts() for name in mount.names()]


class Exporter:
    """An exporter of the static files of one app.

    :param state: the parts of the extension.
    :param app: the app.
    :param folder: the folder that the files are written to.
    :param plain: whether files are written under their names without a fingerprint, too.
    """

    def __init__(self, state: AppState, app: Flask, folder: ExportFolder, *, plain: bool) -> None:
        self._state = state
        self._app = app
        self._folder = folder
        self._plain = plain
        self.report = Report()
        self.left_out = LeftOut(app)

    def exports_to(self, path: str, names: Iterable[tuple[Mount, str]]) -> bool:
        """Return whether one of the files has its place at a path in the folder."""
        wanted = (self._wanted(urls_of(self._app, mount, name)) for mount, name in names)
        return any(path_of(url) == path for urls in wanted for url in urls)

    def add_decorated(self) -> None:
        """Report the folders whose files the app's own code has to answer for."""
        earlier = self._folder.earlier_endpoints & self._app.view_functions.keys()
        for name in sorted({*self._state.endpoints.names(), *earlier}):
            endpoint = self._state.endpoints.get(name)
            if endpoint is not None and endpoint.folder:
                if endpoint.mount is not None:
                    continue
                reason = self._reason(endpoint)
            elif name in earlier:
                reason = "a view of the app's own has taken the place of Flask's"
            else:
                continue
            self.left_out.add_folder(name)
            self.report.left_out.append(Excluded(f"all files of {name!r}", reason))

    def _reason(self, endpoint: StaticEndpoint) -> str:
        """Return why the app has to answer for all files of a folder."""
        if endpoint.static_folder is None:
            return "its send_static_file is the app's own, so the app has to run it"
        if self._app.config["USE_X_SENDFILE"]:
            return "USE_X_SENDFILE leaves them to a front server"
        rules = self._app.url_map.iter_rules(endpoint.name)
        variables = sorted({name for rule in rules for name in rule.arguments} - {"filename"})
        if variables:
            named = ", ".join(f"<{name}>" for name in variables)
            return f"its URLs have {named} in them, so a file has no one path"
        return "its view is decorated, so the app has to run it"

    def add(self, mount: Mount, name: str) -> None:
        """Export a file, or report why not."""
        pair = urls_of(self._app, mount, name)
        for url in self._wanted(pair):
            asset = self._exported(url, mount, name, pair)
            if asset is not None and url == _without_query(pair.best):
                self.report.assets.setdefault(mount.endpoint, {})[name] = asset

    def _exported(self, url: str, mount: Mount, name: str, pair: UrlPair) -> dict[str, Any] | None:
        before = self._folder.count
        try:
            return self._export(url, pair)
        except FailedResponseError as error:
            self.report.failed.append(Excluded(url, str(error)))
        except NotPublicError as error:
            self._folder.drop_after(before)  # it may have been public without a coding
            self.report.left_out.append(Excluded(url, str(error)))
            if url == _without_query(pair.best):
                self.left_out.add_file(mount.endpoint, name, pair)
            else:
                self.left_out.add_url(url)
        except TakenError as error:
            self.report.left_out.append(Excluded(url, str(error)))
        except ChangedBytesError:
            reason = "it changed while it was exported; export again"
            self.report.failed.append(Excluded(url, reason))
        except (OccupiedError, OSError) as error:
            self.report.failed.append(Excluded(url, str(error)))
        return None

    def _wanted(self, pair: UrlPair) -> Iterator[str]:
        """Yield the URLs whose responses are exported. A file server ignores a query."""
        best, plain = _without_query(pair.best), _without_query(pair.plain)
        yield best
        if self._plain and plain != best:
            yield plain

    def _export(self, url: str, pair: UrlPair) -> dict[str, Any]:
        parts = urlsplit(url)
        path = path_of(url)
        if parts.netloc or not parts.path.startswith("/"):
            raise NotPublicError("its URL names a host of its own")
        if not self._folder.is_possible(path):
            raise OccupiedError(f"no file in the folder can be called {path!r}; rename it")
        first: Representation | None = None
        written: Written | None = None
        codings: dict[str, str] = {}
        for found in PublicFile(self._state, self._app, url).representations():
            with found.response.reading() as chunks:
                if first is None:
                    first = found
                    _check_fingerprint(pair, found.etag)
                    written = self._folder.put(path, found.etag, chunks, _headers(found))
                    continue
                beside = f"{path}{suffix(found.coding)}"
                self._folder.put(beside, found.etag, chunks, _headers(found))
                codings[found.coding] = beside
        assert first is not None, "there is a response without a coding"
        assert written is not None, "the first response was written"
        return {
            "url": pair.best,
            "path": path,
            "size": written.size,
            "type": first.content_type,
            "integrity": f"sha384-{base64.b64encode(written.sha384).decode()}",
            "codings": codings,
        }


def _headers(found: Representation) -> dict[str, str]:
    """Return the header fields of a file, which a bucket has to be told."""
    headers = {"Content-Type": found.content_type, **dict(found.fields)}
    return {**headers, "Content-Encoding": found.coding} if found.coding else headers


def _check_fingerprint(pair: UrlPair, etag: str) -> None:
    """Compare the fingerprint in a URL with the ETag of its bytes. Both begin with the hash.

    :raises ChangedBytesError: if they differ.
    """
    if pair.best == pair.plain:  # what looks like one is part of the file's own name
        return
    path, _, query = pair.best.partition("?")
    named = fingerprints.split(path)
    given = [*fingerprints_of(query), *([named[1]] if named else [])]
    if given and not any(etag.startswith(one) for one in given):
        raise ChangedBytesError


def _without_query(url: str) -> str:
    return url.partition("?")[0]
