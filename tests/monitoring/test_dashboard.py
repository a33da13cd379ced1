"""The dashboard for Grafana asks for what a scrape has."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from docs.pages import ROOT
from flask_static_optimizer import cacheable_static

DASHBOARD = json.loads((ROOT / "docs" / "grafana.json").read_text("utf-8"))
GUIDE = (ROOT / "docs" / "guides" / "metrics.md").read_text("utf-8")

#: A metric with its selectors, and labels that sums are grouped by.
_METRIC = re.compile(r"(static_optimizer_\w+)(?:\{([^}]*)\})?")
_LABEL = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"')
_GROUPED = re.compile(r"\bby \(([^)]*)\)")

#: Labels that Prometheus adds to each target.
_OF_TARGETS = {"job", "instance"}


def queries() -> Iterator[str]:
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            yield target["expr"]
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["definition"]
    yield from re.findall(r"```promql\n(.*?)```", GUIDE, re.DOTALL)


@pytest.fixture
def scraped(make_app: Any) -> dict[str, list[dict[str, str]]]:
    """Return the labels of each sample by name, as a real scrape has them."""

    def chart(app: Flask) -> None:
        app.add_url_rule("/chart", "chart", cacheable_static(max_age=60)(lambda: "chart"))

    app = make_app(before=chart, STATIC_OPTIMIZER_METRICS="/-/metrics")
    client = app.test_client()
    for path in ("/static/app.css", "/chart", "/chart"):
        client.get(path).close()
    found: dict[str, list[dict[str, str]]] = {}
    for family in text_string_to_metric_families(client.get("/-/metrics").text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append(sample.labels)
    return found


@pytest.mark.parametrize("query", sorted(set(queries())))
def test_a_query_names_what_there_is(query: str, scraped: dict[str, list[dict[str, str]]]) -> None:
    named = _METRIC.findall(query)
    assert named
    for metric, selectors in named:
        assert metric in scraped
        labels = {label for sample in scraped[metric] for label in sample} | _OF_TARGETS
        assert {label for label, _ in _LABEL.findall(selectors)} <= labels
        for group in _GROUPED.findall(query):
            assert {label.strip() for label in group.split(",")} <= labels


def test_a_hit_ratio_can_be_drawn(scraped: dict[str, list[dict[str, str]]]) -> None:
    """The results that the queries take for hits are among those that are counted."""
    hits = {
        result
        for query in queries()
        for label, values in _LABEL.findall(query)
        if label == "result"
        for result in values.split("|")
    }
    counted = {labels["result"] for labels in scraped["static_optimizer_store_requests_total"]}
    assert {"hit", "miss"} <= counted
    assert hits == {"hit", "stale", "collapsed", "revalidated"}


def test_every_counter_is_shown(scraped: dict[str, list[dict[str, str]]]) -> None:
    shown = {metric for query in queries() for metric, _ in _METRIC.findall(query)}
    assert set(scraped) - shown == {"static_optimizer_store_hits_total"}
