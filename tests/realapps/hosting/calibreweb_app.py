"""calibre-web without its own server: the app as its command makes it."""

from __future__ import annotations

import contextlib

import calibreweb  # noqa: F401  # makes cps importable
from cps import app as app
from cps import main, web_server

web_server.start = lambda: True
with contextlib.suppress(SystemExit):  # the command ends with its server
    main.main()
