"""Requests of somebody who has shown who it is (RFC 9110 §11)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def is_authenticated(environ: Mapping[str, Any]) -> bool:
    """Whether a request has credentials, or its server has taken them off and checked them.

    Apache and others keep ``Authorization`` from an app and say ``REMOTE_USER`` instead.
    """
    return "HTTP_AUTHORIZATION" in environ or bool(environ.get("REMOTE_USER"))
