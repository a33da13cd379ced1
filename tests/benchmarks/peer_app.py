"""The app of one peer, for a WSGI server to import."""

from __future__ import annotations

import os
from pathlib import Path

from peers import PEERS, Site

app = PEERS[os.environ["PEER"]].make(
    Site(Path(os.environ["PEER_FOLDER"]), os.environ["PEER_REDIS"])
)
