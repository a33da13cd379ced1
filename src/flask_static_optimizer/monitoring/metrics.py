"""The counters of all processes, by ``prometheus_client``, with labels.

It is imported only where ``STATIC_OPTIMIZER_METRICS`` is set and that library is installed. There
is one set of counters for a process, whatever the number of its apps: in the multiprocess mode two
counters of one name would write over each other's values.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from prometheus_client import CONTENT_TYPE_LATEST, Counter, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from .counters import HELP, MULTIPROCESS_DIR, NAMESPACE, Counted, File, Stats

if TYPE_CHECKING:
    from flask import Response
    from prometheus_client import Metric

    from ..http.answer import Answer

#: The number of endpoints of one app with a label of their own. The others share one.
ENDPOINTS = 200
OTHERS = "(others)"

#: The content codings that are told apart (an app's hook may write anything into the field).
CODINGS = frozenset({"identity", "br", "dcb", "dcz", "deflate", "gzip", "zstd"})

_REQUESTS = Counter(
    "requests",
    HELP["requests"],
    ("endpoint", "status", "coding", "answered_by"),
    namespace=NAMESPACE,
)
_STORE_REQUESTS = Counter(
    "store_requests",
    "Requests to stored routes, by what the store had for them.",
    ("endpoint", "result"),
    namespace=NAMESPACE,
)
#: The counters without labels, by their place among the figures.
_PLAIN = [
    None if name == "requests" else Counter(name, text, namespace=NAMESPACE)
    for name, text in HELP.items()
]


class _Waiting(deque[tuple[int, ...]]):
    """A deque of figures that counts each for all processes, too."""

    def append(self, figures: tuple[int, ...]) -> None:
        super().append(figures)
        for counter, value in zip(_PLAIN, figures, strict=False):
            if value > 0 and counter is not None:
                counter.inc(value)


class LabelledStats(Stats):
    """The counters of one app in this process, and its share of those of all processes."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting = _Waiting()
        # Bound counters, so that a request looks one up in a dict of its own, without a lock.
        self._requests: dict[tuple[str, int, str, str], Counter] = {}
        self._lookups: dict[tuple[str, str], Counter] = {}
        self._labels: dict[str, str] = {}

    def served(
        self,
        mark: Counted,
        environ: Mapping[str, Any],
        response: Response,
        unmodified: bool,
        saved: int,
    ) -> None:
        """Count a static request that ran through the app's hooks."""
        super().served(mark, environ, response, unmodified, saved)
        coding = response.headers.get("Content-Encoding")
        if coding is None:  # a 304 does not say it
            coding = (mark.coding if unmodified else None) or "identity"
        answered_by = "hooks" if mark.is_stepped else "flask"
        self._request(mark.endpoint.label, response.status_code, coding, answered_by)

    def served_file(self, file: File, environ: Mapping[str, Any], status: int) -> None:
        """Count a request for a file that the lane answered without Flask."""
        super().served_file(file, environ, status)
        self._request(file.endpoint, status, file.coding, "lane")

    def served_stored(self, endpoint: str, environ: Mapping[str, Any], answer: Answer) -> None:
        """Count a request that the lane answered with a stored response, without Flask."""
        super().served_stored(endpoint, environ, answer)
        codings = (value for name, value in answer.headers if name == "Content-Encoding")
        self._request(endpoint, answer.status, next(codings, "identity"), "lane")
        self.looked_up(endpoint, "hit")

    def looked_up(self, endpoint: str, result: str) -> None:
        """Count how a request to a stored view was answered."""
        key = endpoint, result
        counter = self._lookups.get(key)
        if counter is None:
            counter = _STORE_REQUESTS.labels(self._label(endpoint), result)
            self._lookups[key] = counter
        counter.inc()

    def _request(self, endpoint: str, status: int, coding: str, answered_by: str) -> None:
        if coding not in CODINGS:
            coding = "other"
        key = endpoint, status, coding, answered_by
        counter = self._requests.get(key)
        if counter is None:
            label = self._label(endpoint)
            counter = _REQUESTS.labels(label, f"{status // 100}xx", coding, answered_by)
            self._requests[key] = counter
        counter.inc()

    def _label(self, endpoint: str) -> str:
        label = self._labels.get(endpoint)
        if label is None:
            label = self._labels[endpoint] = endpoint if len(self._labels) < ENDPOINTS else OTHERS
        return label


class _Own:
    """A collector of the extension's own counters, of all processes in the multiprocess mode."""

    def collect(self) -> Iterator[Metric]:
        """Yield the counters, without the times at which they were made."""
        for metric in _of_all_processes() if MULTIPROCESS_DIR in os.environ else _of_this_process():
            metric.samples = [each for each in metric.samples if each.name.endswith("_total")]
            yield metric


def _of_all_processes() -> Iterator[Metric]:
    """Yield the counters in the folder, which may have some of the app's own, too."""
    collector = MultiProcessCollector(None)  # type: ignore[no-untyped-call]
    for metric in collector.collect():  # type: ignore[no-untyped-call]
        if metric.name.startswith(f"{NAMESPACE}_"):
            yield metric


def _of_this_process() -> Iterator[Metric]:
    for counter in (_REQUESTS, _STORE_REQUESTS, *_PLAIN):
        if counter is not None:
            yield from counter.collect()


def scrape() -> tuple[bytes, str]:
    """Return the extension's counters as Prometheus reads them, and their content type."""
    return generate_latest(_Own()), CONTENT_TYPE_LATEST
