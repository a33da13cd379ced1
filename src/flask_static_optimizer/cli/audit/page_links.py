"""The URLs in the HTML of a page, and its import map."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

#: The attributes that have several URLs, each with a description.
_SETS = frozenset({"srcset", "imagesrcset"})


class PageLinks(HTMLParser):
    """A reader of the URLs in a page's attributes, and of its import map."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: dict[str, None] = {}
        #: The modules of the import map; ``None``: the page has none.
        self.mapped: Mapping[str, Any] | None = None
        self._in_map = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_map = tag == "script" and ("type", "importmap") in attrs
        for name, value in attrs:
            if name in _SETS:
                for one in (value or "").split(","):
                    self.urls.update(dict.fromkeys(one.split()[:1]))
            elif value and ("/" in value or "." in value):
                self.urls[value.strip()] = None

    def handle_data(self, data: str) -> None:
        if self._in_map:
            self._in_map = False
            try:
                self.mapped = dict(json.loads(data)["imports"])
            except (ValueError, LookupError, TypeError):  # the browser's console says it
                self.mapped = {}
