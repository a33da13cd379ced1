"""Plain Flask is the oracle: apps of random parts answer with the extension as without it.

``differences.py`` lists what may differ, each with its law.
"""

from __future__ import annotations

import gc
import logging
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from flask_static_optimizer.assets.files import SETTLED
from laws.plain_flask import files
from laws.plain_flask.apps import Parts, apps, express_apps, make
from laws.plain_flask.asks import Ask, Browser, orders
from laws.plain_flask.comparison import WHOAMI, Pair, differences

#: More cases, and other ones each time, if the environment says how many.
CASES = int(os.environ.get("PLAIN_FLASK_CASES", "0"))

oracle = settings(
    derandomize=not CASES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    database=None,
    print_blob=True,
)

# Flask-Compress and a hook that replaces the body never close the file that was the body.
pytestmark = [
    pytest.mark.needs("flask-session>=0.8", "for sessions in a cachelib cache"),
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        files.write(Path(folder))
        time.sleep(SETTLED + 0.1)
        logging.disable(logging.CRITICAL)
        yield Path(folder)
        logging.disable(logging.NOTSET)
        gc.collect()  # files that were left open, where the warnings about them are expected


def compare(parts: Parts, root: Path, asks: list[Ask]) -> None:
    pair = Pair(
        Browser(make(parts, root, optimize=False)), Browser(make(parts, root, optimize=True))
    )
    # Each is asked twice, as more is known of the second request.
    found = [text for ask in [*asks, *asks, WHOAMI] for text in differences(pair, ask)]
    assert not found, "\n".join(found)


@settings(oracle, max_examples=CASES or 300)
@given(parts=apps, asks=orders)
def test_apps_answer_as_without_it(root: Path, parts: Parts, asks: list[Ask]) -> None:
    compare(parts, root, asks)


@settings(oracle, max_examples=CASES // 10 or 40)
@given(parts=express_apps, asks=orders)
def test_express_answers_as_without_it(root: Path, parts: Parts, asks: list[Ask]) -> None:
    compare(parts, root, asks)
