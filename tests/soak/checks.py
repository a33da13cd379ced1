"""Checks of answers against what may be shown at that moment."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import NamedTuple

import content
from client import Client, Reply
from content import FILES, Resource
from counts import COOKIE, STALE, WRONG, Counts
from versions import Versions

from flask_static_optimizer.http.codings import decompress


class Known(NamedTuple):
    """A response that a browser has kept."""

    etag: str
    version: int


@dataclass
class Judge:
    """A judge of the answers that one browser gets."""

    versions: Versions
    counts: Counts
    #: Whether the extension is left out, so that its ``ETag`` is not to be expected.
    plain: bool
    #: What the browser has kept, by URL and coding or language.
    kept: dict[str, Known] = field(default_factory=dict)

    def file(
        self, client: Client, path: str, url: str, coding: str, cookie: str, part: range | None
    ) -> None:
        """Ask for a file, or a part of it, and check what comes.

        :param path: the path of the file, which ``url`` may say with a fingerprint.
        """
        wanted = self.versions.of_file(path)
        key = f"{url} {coding}"
        known = self.kept.get(key)
        fields: dict[str, str | None] = {"Accept_Encoding": coding, "Cookie": cookie}
        kind = "file, fingerprint" if "?v=" in url else "file, plain URL"
        if part is not None:
            kind = "file, part"
            fields["Range"] = f"bytes={part.start}-{part.stop - 1}"
            fields["If_Range"] = known.etag if known else None
        elif known:
            fields["If_None_Match"] = known.etag
        reply = client.fetch(kind, url, **fields)
        self._no_cookie(url, reply)
        if reply.status >= 500:  # counted by its cause
            return
        if reply.status == 206:
            version = self._part(path, url, reply)
        elif reply.status == 304 and known and reply.headers.get("etag") == known.etag:
            version = known.version
        elif reply.status == 200:
            version = self._whole(path, url, reply)
            if version is not None and "etag" in reply.headers:
                self.kept[key] = Known(reply.headers["etag"], version)
        else:
            self._wrong(url, reply, "an answer that it should not be")
            return
        if version is not None and version < wanted:
            self.counts.fault(STALE, f"{url}: version {version} of a file, not {wanted}")

    def _whole(self, path: str, url: str, reply: Reply) -> int | None:
        used = reply.headers.get("content-encoding")
        data = decompress(used, reply.body) if used else reply.body
        self.counts.other(f"whole files: {used or 'not coded'}")
        written, references = content.without_fingerprints(data)
        version = content.version_of(data)
        file = FILES[path]
        if not file.refers:
            written = data
        if version is None or written != content.file_body(path, version):
            self._wrong(url, reply, "no version of the file")
            return None
        if file.refers and not all(
            self.versions.is_fingerprint(file.referred, each) for each in references
        ):
            self._wrong(url, reply, "a reference to no version of its file")
        fingerprint = url.partition("?v=")[2]
        if "immutable" in reply.headers.get("cache-control", ""):
            self.counts.other("whole files: immutable")
            if hashlib.sha256(data).hexdigest()[:16] != fingerprint:
                self._wrong(url, reply, "immutable with another fingerprint")
        self._etag(url, reply)
        return version

    def _part(self, path: str, url: str, reply: Reply) -> int | None:
        said = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", reply.headers.get("content-range", ""))
        for version in self.versions.by_etag(path, reply.headers.get("etag", "")):
            whole = content.file_body(path, version)
            if said is None or int(said[3]) != len(whole):
                continue
            if reply.body == whole[int(said[1]) : int(said[2]) + 1]:
                return version
        self._wrong(url, reply, "no part of a version of the file")
        return None

    def route(self, client: Client, resource: Resource, language: str, cookie: str) -> None:
        """Ask for a stored route and check that it shows what it must by now."""
        wanted = self.versions.of_route(resource)
        key = f"{resource.path} {language}"
        known = self.kept.get(key)
        reply = client.fetch(
            f"route, {resource.kind}",
            resource.path,
            Accept_Language=language,
            Cookie=cookie,
            If_None_Match=known.etag if known else None,
        )
        self._no_cookie(resource.path, reply)
        status = reply.headers.get("cache-status", "none; none").partition("; ")[2]
        self.counts.store_said(re.sub(r"ttl=-.*", "stale", re.sub(r"ttl=\d+.*", "fresh", status)))
        if reply.status >= 500:  # counted by its cause
            return
        if reply.status == 304 and known and reply.headers.get("etag") == known.etag:
            version = known.version
        else:
            text = reply.body.decode(errors="replace")
            found = content.shown_version(text)
            if reply.status != 200 or found is None:
                self._wrong(resource.path, reply, "an answer that it should not be")
                return
            version = found
            if text != content.route_body(resource, version, language):
                self._wrong(resource.path, reply, f"not what it shows in {language}")
            # Its ETag is of the data, and may be of older data than its body.
            if resource.kind != "news":
                self._etag(resource.path, reply)
                if "etag" in reply.headers:
                    self.kept[key] = Known(reply.headers["etag"], version)
        if version >= wanted:
            return
        if self.versions.is_excused(resource, version, wanted, reply.asked):
            self.counts.other("old answers that a hiccup excuses")
            return
        self.counts.fault(STALE, f"{resource.path}: {version}, not {wanted} ({status})")

    def picture(self, client: Client, users: tuple[str, ...], cookie: str) -> None:
        """Ask for the protected picture, which is that of one of some users."""
        reply = client.fetch("protected route", "/me.svg", Cookie=cookie)
        self._no_cookie("/me.svg", reply)
        if reply.status >= 500:  # counted by its cause
            return
        if reply.body.decode() not in map(content.own_picture, users):
            self._wrong("/me.svg", reply, f"not that of {users}")
        if not self.plain and "private" not in reply.headers.get("cache-control", ""):
            self._wrong("/me.svg", reply, "not private")

    def _etag(self, url: str, reply: Reply) -> None:
        sent = f'"{hashlib.sha256(reply.body).hexdigest()[:32]}"'
        if not self.plain and reply.headers.get("etag", sent) != sent:
            self._wrong(url, reply, "the ETag of other bytes")

    def _no_cookie(self, url: str, reply: Reply) -> None:
        if "set-cookie" in reply.headers:
            self.counts.fault(COOKIE, url)

    def _wrong(self, url: str, reply: Reply, why: str) -> None:
        names = ("cache-control", "cache-status", "content-encoding", "content-range", "etag")
        said = {name: reply.headers[name] for name in names if name in reply.headers}
        self.counts.fault(WRONG, f"{url}: {why}: {reply.status}, {said}, {reply.body[:60]!r}")
