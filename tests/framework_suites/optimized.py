"""A pytest plugin that installs the extension into every Flask app that is made."""

from __future__ import annotations

import functools
from typing import Any

from flask import Flask
from outcomes import counts

from flask_static_optimizer import StaticOptimizer, static_request_marked

_init = Flask.__init__


@functools.wraps(_init)
def _init_optimized(self: Flask, *args: Any, **kwargs: Any) -> None:
    # A subclass goes on after this, and so do the tests: the order of initialisation is free.
    _init(self, *args, **kwargs)
    # Tests that compare URLs mean them without fingerprints; and nothing is to stay on the disk.
    self.config["STATIC_OPTIMIZER_FINGERPRINT"] = False
    self.config["STATIC_OPTIMIZER_CACHE_SIZE"] = 0
    StaticOptimizer(self)
    counts["apps"] += 1


def _count(sender: Flask, **_: object) -> None:
    counts["static requests"] += 1


Flask.__init__ = _init_optimized  # type: ignore[method-assign]
static_request_marked.connect(_count)
