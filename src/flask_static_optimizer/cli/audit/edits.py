"""The audit of what hooks do to the bytes of files, in each content coding."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ...assets.fingerprints import sha256
from ...http.codings import available, decompress
from ..exchange import ask
from .findings import Finding

if TYPE_CHECKING:
    from flask import Flask

    from ...assets.mount import Mount
    from ...requests.static_endpoint import StaticEndpoint
    from ...state import AppState
    from ..exchange import Exchange
    from .findings import Row

#: The size in bytes above which a file is not requested in each coding if another one will do.
LARGE = 2**20

_STEP_ASIDE = (
    "leave static files alone: a hook of the app's own returns early where"
    " flask_static_optimizer.is_static_request() is true, an extension has a setting for it"
    " (Flask-Minify: static=False)"
)


def one_of_each_kind(rows: Mapping[str, Row]) -> list[str]:
    """Return one file name of each extension: a file large enough to be coded, and not too large.

    :param rows: the rows of a folder's files by their names.
    """
    kinds: dict[str, str] = {}
    by_size = sorted(rows.items(), key=lambda item: item[1].size)
    small = [item for item in by_size if item[1].size <= LARGE]
    for name, row in [*reversed(small), *by_size]:
        if row.status == 200 and row.mode != "left alone":
            kinds.setdefault(posixpath.splitext(name)[1], name)
    return list(kinds.values())


def edit_findings(
    state: AppState, app: Flask, endpoint: StaticEndpoint, mount: Mount, name: str, path: str
) -> Iterator[Finding]:
    """Request a file in each coding, and yield what hooks or middleware have done to it.

    :param mount: the folder of the file.
    :param name: the name of the file in its folder.
    :param path: the URL path of the file, without a fingerprint.
    """
    plain = ask(app, path)
    body = _decoded(plain, plain.read())
    if plain.status != 200 or plain.error or plain.mark is None:  # the survey reports it
        return
    kind = posixpath.splitext(name)[1] or posixpath.basename(name)
    culprit = _culprit(state, app, endpoint.name)
    again = ask(app, path)
    is_constant = _decoded(again, again.read()) == body
    if not is_constant or body is None or sha256(body) != _expected(state, endpoint, mount, name):
        yield Finding(
            "hook-edits",
            "warning",
            f"the {kind} files of {endpoint.name!r} leave with other bytes than the files have, so"
            " that no URL of theirs is immutable, and each use asks again (no-cache)",
            f"let {culprit} {_STEP_ASIDE}; or make the change in the files",
            [path],
        )
    if not is_constant:  # they differ in each coding, too
        return
    for accepted in (*available(), "deflate", "gzip, deflate, br, zstd"):
        coded = ask(app, path, {"Accept-Encoding": accepted})
        got = coded.read()
        if coded.error:
            problem = f"raises {coded.error!r}"
        elif coded.status != 200:
            problem = f"is answered with {coded.status}"
        else:
            decoded = _decoded(coded, got)
            if decoded is not None and decoded == body:
                continue
            problem = "can't be decoded" if decoded is None else "has other bytes than without it"
        yield Finding(
            "coding-broken",
            "error",
            f"a {kind} file of {endpoint.name!r} {problem} where the client takes compression",
            f"let {culprit} {_STEP_ASIDE}",
            [f"{path} (Accept-Encoding: {accepted})"],
        )


def _decoded(exchange: Exchange, body: bytes) -> bytes | None:
    """Return a body without its codings, or ``None`` if it is not in the codings that it names."""
    named = exchange.headers.get("Content-Encoding", "").lower()
    for coding in reversed([part.strip() for part in named.split(",") if part.strip()]):
        if coding not in (*available(), "deflate"):
            return None
        try:
            body = decompress(coding, body)
        except Exception:  # noqa: BLE001 - each library has errors of its own
            return None
    return body


def _expected(state: AppState, endpoint: StaticEndpoint, mount: Mount, name: str) -> str | None:
    """Return the hash of what the view sends, without the coding that the file's name implies."""
    if endpoint.mount is not None:
        asset = state.catalogue.find(mount, name)
        if asset is None:
            return None
        if asset.named_coding is None:
            return asset.sha256
        return sha256(decompress(asset.named_coding, asset.read()))
    path = mount.path(name)
    if path is None:
        return None
    with open(path, "rb") as file:
        return sha256(file.read())


def _culprit(state: AppState, app: Flask, endpoint: str) -> str:
    """Return the names of the functions that may have changed a response."""
    blueprint = endpoint.rpartition(".")[0]
    parts = blueprint.split(".") if blueprint else []
    keys = [None, *(".".join(parts[: end + 1]) for end in range(len(parts)))]
    names = [
        f"{function.__module__}.{function.__qualname__}"
        for key in keys
        for function in app.after_request_funcs.get(key, ())
        if not any(function is own for own in state.own_hooks)
    ]
    return f"what changes it ({', '.join(names)})" if names else "the middleware that changes it"
