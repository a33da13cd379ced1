"""Checks one URL as REDbot does and prints what is BAD or a WARN, as JSON.

A program of its own, as REDbot's event loop belongs to its process.
"""

from __future__ import annotations

import json
import sys
from configparser import ConfigParser

import thor
from httplint.note import levels
from redbot.resource import HttpResource


def main(url: str, method: str, headers: list[tuple[str, str]]) -> None:
    parser = ConfigParser()
    parser.read_dict({"redbot": {"enable_local_access": "True"}})
    resource = HttpResource(parser["redbot"])
    resource.set_request(url, method=method, headers=headers)

    @thor.events.on(resource)
    def check_done() -> None:
        thor.stop()

    resource.check()
    thor.run()
    messages = {"default": resource, **resource.subreqs}
    notes = [*resource.response.notes]
    for found in messages.values():
        notes += [*found.request.notes, *found.response.notes]
    bad = {(type(n).__name__, n.level.name) for n in notes if n.level in (levels.BAD, levels.WARN)}
    answered = {name: found.response.status_code for name, found in messages.items()}
    support = {
        "range": resource.partial_support,
        "if-none-match": resource.inm_support,
        "if-modified-since": resource.ims_support,
        "gzip": resource.gzip_support,
    }
    print(json.dumps({"bad": sorted(bad), "answered": answered, "support": support}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))
