"""The files of the apps, of several kinds."""

from __future__ import annotations

import random
from pathlib import Path

_HTML = b"<!doctype html>\n<html><body>\n  <!-- remark -->\n  <p>%s</p>\n</body></html>\n"

#: What lies in the app's folder.
FILES = {
    "app.css": b"a {  color: red;  }\n" * 40,
    "app.js": b"function  add(a, b) { return a + b; }\n" * 20,
    "main.mjs": b"import './lib.mjs';\nexport default 42;\n" * 10,
    "lib.mjs": b"export const one = 1;\n",
    "index.html": _HTML % (b"shell " * 60),
    "page.html": _HTML % b"short",
    "data.json": b'{"a": [1, 2, 3]}\n' * 30,
    "dot.png": b"\x89PNG\r\n\x1a\n\x00\xff\xfe" * 9,
    "dot.svg": b"<svg xmlns='http://www.w3.org/2000/svg'><g/></svg>\n" * 8,
    "empty.css": b"",
    "sub/deep.css": b"b { margin: 0 }\n" * 30,
    "private/report.pdf": b"%PDF- of the members\n" * 20,
    "two words.txt": b"with a space\n" * 30,
    "gr\xfc\xdfe.txt": "Grüße\n".encode() * 40,
}

#: Seldom asked for, as they take long to code.
LARGE = {
    "large.txt": random.Random(1).randbytes(36 * 1024).hex().encode(),
    "film.bin": random.Random(2).randbytes(2**20 + 1000),
    "huge.csv": b"a,b,c\n" * (2**20 // 6 + 2000),
}

#: Flask serves them, the extension does not.
DOTFILES = {".env": b"SECRET=1\n", ".git/config": b"[core]\n"}

#: What lies in the blueprint's folder.
OTHER = {
    "app.css": b"i { color: blue }\n" * 30,
    "shop.js": b"var shop = 1;\n" * 30,
    "index.html": _HTML % b"shop",
}


def write(root: Path) -> None:
    """Write all files below a folder."""
    for folder, files in (("static", {**FILES, **LARGE, **DOTFILES}), ("other", OTHER)):
        for name, data in files.items():
            path = root / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
