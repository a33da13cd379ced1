"""A visit: a log-in and pages with all their assets, as a browser sees them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from application import Application
from recorder import Recorder
from selenium.common.exceptions import WebDriverException
from server import Server

#: The page that is not opened but come to, by the log-in.
LOGIN = "log-in"

#: What is another in each run: times, random names and keys, what has been taken long for.
_DYNAMIC = (
    (re.compile(r"127\.0\.0\.1:\d+"), "HOST"),
    (re.compile(r"\d{4}-\d\d-\d\d"), "DAY"),
    (re.compile(r"\d{1,2}:\d\d(:\d\d)?( ?[AP]M)?", re.IGNORECASE), "TIME"),
    (re.compile(r"\b[0-9a-f]{16,}\b"), "HEX"),
    (re.compile(r"\d{5,}"), "NUMBER"),
)


@dataclass
class Page:
    """A page as it came out."""

    #: Each request with its status, without queries, as fingerprints stand in them.
    statuses: set[str] = field(default_factory=set)
    text: set[str] = field(default_factory=set)
    errors: set[str] = field(default_factory=set)
    cookies: set[str] = field(default_factory=set)
    picture: Path | None = None


@dataclass
class Visit:
    """Pages one after another, and what they cost the server."""

    pages: dict[str, Page] = field(default_factory=dict)
    #: What the server was asked, and how often a session was opened and saved.
    requests: list[dict[str, Any]] = field(default_factory=list)
    operations: dict[str, int] = field(default_factory=dict)
    #: The URLs of stylesheets that were loaded.
    stylesheets: list[str] = field(default_factory=list)
    cookie_header: str = ""


def visit(
    browser: Recorder, server: Server, app: Application, folder: Path, *, first: bool
) -> Visit:
    """Load all pages of an application; the first visit logs in."""
    folder.mkdir(parents=True, exist_ok=True)
    before = server.report()
    found = Visit()
    if first and app.login is not None:
        browser.open(server.url + app.login.path)
        events: list[dict[str, Any]] = []
        fault = None
        try:
            browser.fill(app.login.fields)
            events = browser.settle()
        except WebDriverException as error:
            fault = f"the form can't be filled: {str(error.msg).splitlines()[0]}"
        page = _page(browser, events, folder / "log-in.png", found, app.hidden)
        if fault:
            page.errors.add(fault)
        found.pages[LOGIN] = page
    for number, path in enumerate(app.pages):
        events = browser.open(server.url + path)
        if path in app.ready:
            browser.wait_for(app.ready[path])
            events += browser.settle()
        found.pages[path] = _page(browser, events, folder / f"{number}.png", found, app.hidden)
    after = server.report()
    found.requests = after["requests"][len(before["requests"]) :]
    found.operations = {
        name: count - before["operations"].get(name, 0)
        for name, count in after["operations"].items()
    }
    found.cookie_header = "; ".join(f"{c['name']}={c['value']}" for c in browser.cookies())
    return found


def _page(
    browser: Recorder, events: list[dict[str, Any]], picture: Path, visit: Visit, hidden: str
) -> Page:
    page = Page(picture=picture)
    asked: dict[str, dict[str, Any]] = {}
    for event in events:
        parameters = event["params"]
        if event["method"] == "Network.requestWillBeSent":
            if redirect := parameters.get("redirectResponse"):
                before = asked.get(parameters["requestId"], parameters["request"])
                page.statuses.add(_line(before, str(redirect["status"])))
            asked[parameters["requestId"]] = parameters["request"]
        elif event["method"] == "Network.responseReceived":
            request = asked.get(parameters["requestId"])
            response = parameters["response"]
            # A page that Chromium shows for an error, or one of data:, is no response.
            if request is None or not response["url"].startswith("http"):
                continue
            status = 200 if response["status"] == 304 else response["status"]
            page.statuses.add(_line(request, str(status)))
            if response["mimeType"] == "text/css" and status == 200:
                visit.stylesheets.append(response["url"])
        elif event["method"] == "Network.loadingFailed" and not parameters.get("canceled"):
            request = asked.get(parameters["requestId"])
            if request is not None:
                page.statuses.add(_line(request, parameters["errorText"]))
    try:
        page.text = set(normal_lines(browser.text().splitlines()))
        page.errors = set(normal_lines(_without_query(line) for line in browser.errors()))
        page.cookies = {_cookie(cookie) for cookie in browser.cookies()}
        browser.picture(picture, hidden)
    except WebDriverException as error:
        page.errors.add(f"the browser can't show it: {str(error.msg).splitlines()[0]}")
    return page


def normal_lines(lines: Iterable[str]) -> Iterable[str]:
    """Put one word for what is another in each run, and leave out what is empty."""
    for line in lines:
        for pattern, word in _DYNAMIC:
            line = pattern.sub(word, line)
        if line.strip():
            yield line.strip()


def _line(request: dict[str, Any], status: str) -> str:
    url = urlsplit(request["url"])
    where = url.path if url.hostname == "127.0.0.1" else f"{url.scheme}:{url.hostname}{url.path}"
    (line,) = normal_lines([f"{request['method']} {where}"])
    return f"{line} {status}"


def _without_query(message: str) -> str:
    """Return a message without queries, and without the places in scripts."""
    message = re.sub(r"(https?://[^\s?\"')]+)\?[^\s\"'):]*", r"\1", message)
    return re.sub(r"(\s|:)\d+:\d+\b", "", message)


def _cookie(cookie: dict[str, Any]) -> str:
    marks = [name for name in ("httpOnly", "secure", "session") if cookie.get(name)]
    marks += [f"path={cookie['path']}", f"sameSite={cookie.get('sameSite', '')}"]
    (name,) = normal_lines([cookie["name"]])
    return f"{name} ({', '.join(marks)})"
