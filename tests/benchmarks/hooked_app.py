"""An app with hooks, for a WSGI server to import; or no app, to know what the server takes."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import hooked
from hooked_behind import NOTHING
from peers import Site

_FIELDS = [("Content-Type", "text/css"), ("Cache-Control", "max-age=3600"), ("ETag", '"x"')]
_BODY = b"x" * 1500


def nothing(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer with what is ready, and as long as a file in br."""
    if "HTTP_IF_NONE_MATCH" in environ:
        start_response("304 NOT MODIFIED", _FIELDS[:])
        return ()
    start_response("200 OK", [*_FIELDS, ("Content-Length", str(len(_BODY)))])
    return (_BODY,)


way = os.environ["HOOKED_WAY"]
app: Any = nothing
if way != NOTHING:
    app = hooked.make(Site(Path(os.environ["HOOKED_FOLDER"])), os.environ["HOOKED_HOOKS"], way)
