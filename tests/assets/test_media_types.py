"""Media types and bundlers' names."""

from __future__ import annotations

import hashlib

import pytest

from flask_static_optimizer.assets.manifests import fingerprinted, is_named_by_hash
from flask_static_optimizer.assets.media_types import media_type


@pytest.mark.parametrize(
    ("name", "content_type", "coding"),
    [
        ("a.css", "text/css; charset=utf-8", None),
        ("a.JS", "text/javascript; charset=utf-8", None),
        ("a.mjs", "text/javascript; charset=utf-8", None),
        ("a.wasm", "application/wasm", None),
        ("a.woff2", "font/woff2", None),
        ("a.avif", "image/avif", None),
        ("a.webp", "image/webp", None),
        ("a.svg", "image/svg+xml; charset=utf-8", None),
        ("a.json", "application/json", None),
        ("a.js.map", "application/json", None),
        ("a.webmanifest", "application/manifest+json", None),
        ("a.svgz", "image/svg+xml; charset=utf-8", "gzip"),
        ("a.tar.gz", "application/x-tar", "gzip"),
        ("a.css.br", "text/css; charset=utf-8", "br"),
        ("a.unknown", "application/octet-stream", None),
        ("LICENSE", "application/octet-stream", None),
    ],
)
def test_media_types(name: str, content_type: str, coding: str | None) -> None:
    """Media types are the same on every system.

    Python's ``mimetypes`` asks the system, unless they are fixed.
    """
    assert media_type(name) == (content_type, coding)


DATA = b"the bytes"


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("length", [8, 12, 32])
@pytest.mark.parametrize("form", ["app.{}.js", "app-{}.js", "css/{}.css", "a.{}"])
def test_a_name_with_the_hash_of_the_bytes(algorithm: str, length: int, form: str) -> None:
    part = hashlib.new(algorithm, DATA).hexdigest()[:length]
    assert is_named_by_hash(form.format(part), DATA)
    assert not is_named_by_hash(form.format(part), DATA + b"!")


@pytest.mark.parametrize(
    "name",
    ["report.202401011200.csv", "app.js", "deadbeef.js", "app.0123456789abcdef.css", "a.d1b2.js"],
)
def test_the_look_of_a_name_is_no_proof(name: str) -> None:
    assert not is_named_by_hash(name, DATA)


VITE = {
    "src/main.js": {
        "file": "assets/main-4Egfh8ja.js",
        "css": ["assets/main-Bz3xQd91.css"],
        "assets": ["assets/logo.png", "assets/logo-D2kq8Xa1.png"],
        "imports": ["_shared.js"],
    },
    "_shared.js": {"file": "assets/shared.js"},
}


@pytest.mark.parametrize(
    ("manifest", "name", "found"),
    [
        (
            VITE,
            "dist/.vite/manifest.json",
            {
                "dist/assets/main-4Egfh8ja.js",
                "dist/assets/main-Bz3xQd91.css",
                "dist/assets/logo-D2kq8Xa1.png",
            },
        ),
        ({"main.js": "/static/dist/main.8a2f9c11.js"}, "dist/manifest.json",
         {"dist/main.8a2f9c11.js"}),
        ({"main.js": "main.8a2f9c11.js", "a.js": "a.js"}, "dist/manifest.json",
         {"dist/main.8a2f9c11.js"}),
        ({"paths": {"a.css": "a.0cc175b9c0f1b6a8.css"}}, "staticfiles.json",
         {"a.0cc175b9c0f1b6a8.css"}),
        # Vite's names of chunks without a source; hashes without a digit
        ({"_shared-B7PI925R.js": {"file": "assets/shared-B7PI925R.js",
                                  "css": ["assets/shared-ChJ_j-JJ.css"]}}, "manifest.json",
         {"assets/shared-B7PI925R.js", "assets/shared-ChJ_j-JJ.css"}),
        ({"src/index.js": {"file": "assets/index-DiwrgTda.js"}}, "manifest.json",
         {"assets/index-DiwrgTda.js"}),
        ({"src/HomePage.vue": {"file": "assets/pages-HomePage.js",
                               "css": ["assets/styles-HomePage.css"]},
          "src/a.js": {"file": "a/my-component.js", "css": ["a/main-Component.css"]}},
         "manifest.json", set()),
        # what is none of Vite's
        ({"a.js": {"file": 1, "css": None, "assets": 5}, "b.js": {"css": [[1], None]}, "c": None},
         "manifest.json", set()),
        # listed, but not renamed; or no hash; or elsewhere
        ({"app-component.js": "app-component.js", "x.js": "main.js"}, "manifest.json", set()),
        ({"a-20240101x.js": "a-20240101x.js"}, "manifest.json", set()),
        ({"main.js": "https://cdn/main.8a2f9c11.js", "n": 5}, "manifest.json", set()),
    ],
)  # fmt: skip
def test_what_a_manifest_calls_fingerprinted(manifest: object, name: str, found: set[str]) -> None:
    """Only renamed files count as fingerprinted.

    A manifest also lists files that were never renamed.
    """
    assert set(fingerprinted(manifest, name)) == found


def test_a_manifest_is_a_mapping() -> None:
    with pytest.raises(ValueError, match="no JSON object"):
        list(fingerprinted([], "manifest.json"))
