"""The same request to an app without and with the extension, and how the answers differ."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from werkzeug.test import TestResponse

from flask_static_optimizer.http.codings import decompress
from laws.plain_flask.asks import CONDITIONS, Ask, Browser
from laws.plain_flask.differences import CONDITIONAL, unexplained, without_freshness
from laws.plain_flask.matching import StaticFile, static_file

WHOAMI = Ask("/whoami")

#: In the name of a file, for FINGERPRINT = "path".
_FINGERPRINT = re.compile(r"\.[0-9a-f]{16}\.")
_FINGERPRINT_BYTES = re.compile(rb"\.[0-9a-f]{16}\.", re.IGNORECASE)


class Pair(NamedTuple):
    """A browser at the app without the extension, and one at the app with it."""

    plain: Browser
    ours: Browser


def differences(pair: Pair, ask: Ask) -> list[str]:
    """Send a request to both apps and return what differs without a reason."""
    plain_url, url = pair.plain.url(ask), pair.ours.url(ask)
    if plain_url is None or url is None:
        return []
    file = static_file(pair.plain.app, ask.method, plain_url)
    if file is None:  # another route is before the folder
        url = plain_url
    elif "?" in url and ask.built:  # plain Flask does not care
        plain_url = url
    if file is not None and file.is_dotfile:  # as if it were not there
        plain_url = plain_url.replace("/.", "/-")
        file = file._replace(there=False)
    exchange = Exchange(pair, ask, plain_url, url, file)
    found = list(exchange.static() if file is not None and file.there else exchange.page())
    exchange.end()
    return [f"{ask} {url}: {text}" for text in found]


def decoded(response: TestResponse) -> bytes:
    """Return a body without its content coding; as it is where a hook has made it another's."""
    coding = response.headers.get("Content-Encoding", "").lower()
    if not coding or not response.data:
        return response.data
    try:
        return (zlib.decompress if coding == "deflate" else partial(decompress, coding))(
            response.data
        )
    except Exception:  # noqa: BLE001  # each library has errors of its own
        return response.data


class Exchange:
    """One request to both apps."""

    def __init__(
        self, pair: Pair, ask: Ask, plain_url: str, url: str, file: StaticFile | None
    ) -> None:
        self.pair = pair
        self.ask = ask
        self.plain_url = plain_url
        self.url = url
        self.file = file

    # -- Pages --------------------------------------------------------------------------------

    def page(self) -> Iterator[str]:
        """Compare what is not static, which is the same in everything."""
        plain, ours = (
            browser.send(self.ask.method, url, browser.headers(self.ask, url))
            for browser, url in zip(self.pair, (self.plain_url, self.url), strict=True)
        )
        self.answers = plain, ours
        if plain.status != ours.status:
            yield f"status {plain.status} became {ours.status}"
        if self._named(decoded(plain)) != decoded(ours):
            yield f"body {decoded(plain)[:200]!r} became {decoded(ours)[:200]!r}"
        before, after = _fields(plain), _fields(ours)
        before = [(name, self._named(value)) for name, value in before]
        if self.file is not None and ours.status_code >= 300:
            before, after = without_freshness(before, after)
        if before != after:
            yield f"fields {before} became {after}"

    def _named(self, text: Any) -> Any:
        """Return what plain Flask says with the name of the dotfile that was asked for."""
        if self.file is None or not self.file.is_dotfile:
            return text
        is_text = isinstance(text, str)
        return text.replace("/-", "/.") if is_text else text.replace(b"/-", b"/.")

    # -- Files --------------------------------------------------------------------------------

    def static(self) -> Iterator[str]:
        """Compare a static response, of which the laws say what may differ."""
        plain = self._send_plain()
        ours = self._send_ours()
        self.answers = plain, ours
        whole = self._send_ours(whole=True) if ours.status_code in CONDITIONAL else ours
        if whole is not ours:
            yield from self._conditional(ours, whole)
        found = ["not compared yet"]
        if plain.status_code not in CONDITIONAL:
            found = list(self._whole(plain, whole))
        if found:  # a hook may have failed at a 304 or a part, which only plain Flask shows it
            found = list(self._whole(self._send_plain(whole=True), whole))
        if found and self.ask.accept:
            found = list(self._whole(self._send_plain(whole=True, accept=None), whole))
        yield from found
        for response in {id(ours): ours, id(whole): whole}.values():
            yield from self._lawless(response, whole)

    def _whole(self, plain: TestResponse, ours: TestResponse) -> Iterator[str]:
        """Compare whole responses."""
        if plain.status != ours.status:
            yield f"status {plain.status} became {ours.status}"
        before, after = decoded(plain), _FINGERPRINT_BYTES.sub(b".", decoded(ours))
        if before != after:
            yield f"body {before[-200:]!r} became {after[-200:]!r}"
        for name in sorted(
            {name.lower() for name in (*plain.headers.keys(), *ours.headers.keys())}
        ):
            said, now = plain.headers.getlist(name), ours.headers.getlist(name)
            if name == "location":
                now = [_FINGERPRINT.sub(".", value) for value in now]
            if unexplained(name, said, now):
                yield f"{name} {said} became {now}"

    def _conditional(self, ours: TestResponse, whole: TestResponse) -> Iterator[str]:
        """Compare an answer to a condition or a range with the whole response."""
        sent = self.pair.ours.headers(self.ask, self.url)
        if whole.status_code != 200:
            yield f"{ours.status} in the place of {whole.status}"
        elif ours.status_code == 304:
            known = self.pair.ours.bodies.get((self.url, ours.headers.get("ETag")))
            if self.ask.method == "GET" and known is not None and known != decoded(whole):
                yield f"304 of {known[:200]!r}, not {decoded(whole)[:200]!r}"
            if not {"If-None-Match", "If-Modified-Since"} & sent.keys():
                yield "304 without a condition"
        elif "Range" not in sent:
            yield f"{ours.status} without a range"
        elif ours.status_code == 416:
            start = re.match(r"bytes=(\d+)", sent["Range"])
            if start and int(start[1]) < len(whole.data):
                yield f"416 of {len(whole.data)} bytes"
        elif part := re.fullmatch(
            r"bytes (\d+)-(\d+)/(\d+)", ours.headers.get("Content-Range", "")
        ):
            start, stop, size = map(int, part.groups())
            expected = b"" if self.ask.method == "HEAD" else whole.data[start : stop + 1]
            if ours.data != expected or (whole.data and size != len(whole.data)):
                yield f"a wrong part {part[0]} of {len(whole.data)} bytes"

    def _lawless(self, response: TestResponse, whole: TestResponse) -> Iterator[str]:
        """Check what the laws want of a static response, whatever plain Flask does."""
        said = response.headers.get("Cache-Control", "")
        status, method = response.status_code, self.ask.method
        # Where a hook fails each time Flask does not save the session, which ends the request.
        good = status in (200, 203, 206, 304, 500) or method == "OPTIONS"
        if not good and said != "no-store":
            yield f"law 6: {status} with {said!r}"
        if "immutable" in said and method == "GET":
            fingerprint = hashlib.sha256(decoded(whole)).hexdigest()[:16]
            if fingerprint not in self.url or status not in (200, 203, 206, 304):
                yield f"law 5: {status} with {said!r}"
        if method == "HEAD" and status == 200:
            get = self._send_ours(replace(self.ask, method="GET"), whole=True)
            for name in ("ETag", "Content-Length", "Cache-Control", "Content-Encoding"):
                values = response.headers.get(name), get.headers.get(name)
                if values[0] != values[1] and None not in values:
                    yield f"law 7: HEAD says {name}: {values[0]}, GET {values[1]}"
        if method == "GET" and status in (200, 206):
            length = response.headers.get("Content-Length")
            if length is not None and int(length) != len(response.data):
                yield f"Content-Length {length} of {len(response.data)} bytes"

    def _send_plain(self, *, whole: bool = False, **changes: Any) -> TestResponse:
        browser, ask = self.pair.plain, replace(self.ask, **changes)
        headers = _headers(browser.headers(ask, self.plain_url), whole=whole)
        return browser.send(self.ask.method, self.plain_url, headers, anonymous=True)

    def _send_ours(self, ask: Ask | None = None, *, whole: bool = False) -> TestResponse:
        browser, ask = self.pair.ours, ask or self.ask
        return browser.send(
            ask.method, self.url, _headers(browser.headers(ask, self.url), whole=whole)
        )

    def end(self) -> None:
        """Keep the validators that came for later requests."""
        for browser, url, answer in zip(
            self.pair, (self.plain_url, self.url), self.answers, strict=True
        ):
            browser.remember(url, answer)
        answer = self.answers[1]
        if answer.status_code == 200 and self.ask.method == "GET":
            self.pair.ours.bodies[self.url, answer.headers.get("ETag")] = decoded(answer)


def _headers(headers: dict[str, str], *, whole: bool) -> dict[str, str]:
    if not whole:
        return headers
    return {name: value for name, value in headers.items() if name not in CONDITIONS}


def _fields(response: TestResponse) -> list[tuple[str, str]]:
    """Return the header fields of a page, without what is signed, random or of the clock."""
    fields = []
    for name, value in response.headers.to_wsgi_list():
        if name == "Date":
            continue
        if name == "Set-Cookie":
            value = re.sub(r"(?<=session=)[^;]+|(?<=Expires=)[^;]+GMT", "...", value)
        fields.append((name.lower(), value))
    return sorted(fields)
