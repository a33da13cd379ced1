"""Accept-Encoding (RFC 9110 §12.5.3)."""

from __future__ import annotations

import pytest

from flask_static_optimizer.http.negotiation import accepted

OFFERED = ("zstd", "br", "gzip")


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (None, ["identity"]),
        ("", ["identity"]),
        ("gzip, deflate, br, zstd", ["zstd", "br", "gzip", "identity"]),
        ("gzip, deflate", ["gzip", "identity"]),
        ("GZip;Q=1", ["gzip", "identity"]),
        ("x-gzip", ["gzip", "identity"]),
        ("br;q=0.5, gzip;q=0.8", ["gzip", "br", "identity"]),
        ("br ; q=0.5 , gzip ; q=0.8", ["gzip", "br", "identity"]),
        # no means no
        ("br;q=0, gzip", ["gzip", "identity"]),
        ("gzip;q=0", ["identity"]),
        ("gzip;q=0.000, br;q=0.001", ["br", "identity"]),
        ("*;q=0", ["identity"]),
        ("identity;q=0", ["identity"]),
        ("identity;q=0, gzip", ["gzip"]),
        ("*;q=0, br", ["br"]),
        ("*", ["zstd", "br", "gzip", "identity"]),
        ("*;q=0.5, br", ["br", "zstd", "gzip", "identity"]),
        ("*, br;q=0", ["zstd", "gzip", "identity"]),
        ("identity, br;q=0.5", ["identity", "br"]),
        ("identity;q=0.7, br;q=0.5, gzip", ["gzip", "identity", "br"]),
        # garbage is left out
        ("br;q=2, gzip", ["gzip", "identity"]),
        ("br;q=x, gzip", ["gzip", "identity"]),
        ("br;level=1, gzip", ["gzip", "identity"]),
        (";;,,=, gzip", ["gzip", "identity"]),
        ("\xff\xfe", ["identity"]),
        ("gzip," + " " * 600, ["identity"]),
    ],
)
def test_what_a_client_takes(header: str | None, found: list[str]) -> None:
    """A coding is sent only to a client that takes it.

    ``br;q=0`` means no.
    """
    assert list(accepted(header, OFFERED)) == found


def test_nothing_is_offered() -> None:
    assert list(accepted("br, gzip", ())) == ["identity"]
