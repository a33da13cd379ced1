"""References in stylesheets."""

from __future__ import annotations

import random

import pytest

from flask_static_optimizer.assets.css import (
    BrokenStylesheetError,
    references,
    resolve,
    rewrite,
    with_fingerprint,
)

FP = "0123456789abcdef"


@pytest.mark.parametrize(
    ("source", "urls"),
    [
        ("a{b:url(x.png)}", ["x.png"]),
        ("a{b:url( x.png )}", ["x.png"]),
        ("a{b:url('x.png')}", ["x.png"]),
        ('a{b:URL( "x.png" )}', ["x.png"]),
        ('a{b:url("a b(1).png")}', ["a b(1).png"]),
        (r"a{b:url(a\ b\(1\).png)}", ["a b(1).png"]),
        (r"a{b:url('\78.png')}", ["x.png"]),
        (r"a{b:\75 rl(x.png)}", ["x.png"]),
        ("a{b:url(é.png)}", ["é.png"]),
        ("a{b:url('é.png'),url(ü.png)}", ["é.png", "ü.png"]),
        ("@import 'x.css';", ["x.css"]),
        ('@import "x.css" layer(base) supports(display: grid) print;', ["x.css"]),
        ("@import url(x.css) screen;", ["x.css"]),
        ("@IMPORT url('x.css');", ["x.css"]),
        ("@media print{@supports (a:b){c{d:url(x.png)}}}", ["x.png"]),
        (
            "@font-face{src:url(f.eot?#iefix) format('eot'),url(f.woff2)}",
            ["f.eot?#iefix", "f.woff2"],
        ),
        ("a{b:image-set('x.png' 1x, url(y.png) 2x)}", ["x.png", "y.png"]),
        ("a{b:-webkit-image-set(url(y.png) 2x)}", ["y.png"]),
        ("a{b:image-set('x' 1x, url(y) 2x, 'z' 3x)}", ["x", "y", "z"]),
        ("a{b:image-set(url('x') 1x, 'y' type('image/avif') 2x, url(z))}", ["x", "y", "z"]),
        ("a{b:url(data:image/png;base64,A=)url(x)}", ["data:image/png;base64,A=", "x"]),
        # What leads nowhere on this host is not looked for where there is nothing else.
        ("a{b:url(data:image/png;base64,A=)}", []),
        ("a{b:url( 'data:image/svg+xml,%3csvg'); c:url(#d); e:URL(HTTPS://f.test/g.css)}", []),
        (r"a::before{content:'\2014 \f101'} .md\:flex{b:c}", []),
        (r"a{b:\u\72l(x.png)}", ["x.png"]),
        ("/* url(no.png) */ a{content:'url(no.png)'; b:url(x.png)}", ["x.png"]),
        ("@namespace 'no'; @charset 'utf-8'; a{b:format('no')}url(x.png)", ["x.png"]),
        ("a::after{content:'no'}", []),
        ("", []),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r", "\f"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_what_a_stylesheet_refers_to(source: str, urls: list[str], newline: str, bom: str) -> None:
    text = f"{bom}/* é */ p{{}}{newline}{newline} {source}{newline}q{{}}"
    encoded = text.encode()
    assert [reference.url for reference in references(encoded)] == urls
    found = references(encoded)
    rewritten = rewrite(encoded, found, lambda each: with_fingerprint(each.url, "query", FP))
    assert rewritten.count(FP.encode()) == len(urls)
    assert rewrite(encoded, found, lambda _: None) == encoded
    # What was put there is what is found there.
    assert [r.url for r in references(rewritten)] == [
        with_fingerprint(url, "query", FP) for url in urls
    ]
    # Nothing is lost and nothing is doubled.
    added = sum(len(with_fingerprint(url, "query", FP)) - len(url) for url in urls)
    escaped = b"\\" in encoded + rewritten
    assert escaped or len(rewritten) == len(encoded) + added
    # A source map's lines stay true.
    assert rewritten.count(newline.encode()) == encoded.count(newline.encode())
    assert rewritten.endswith(f"{newline}q{{}}".encode())


def test_all_else_stays_byte_for_byte() -> None:
    source = b"a{b:url(  'x.png'\t)}/*\xff\x00*/\r\nc{d:url(y.png)}\n/*# sourceMappingURL=a.map */"
    rewritten = rewrite(source, references(source), lambda r: {"x.png": "z.png"}.get(r.url))
    assert rewritten == source.replace(b"x.png", b"z.png")


@pytest.mark.parametrize(
    "source",
    [
        b"a{b:'unterminated\n}",
        b"a{b:url(x y)}",
        b"a{b:url(x'y)}",
        b"a{} } url(x)",
        b"\xff\xfea\x00{\x00",
        b'@charset "iso-8859-1"; a{b:url(x.png)}',
        b"a{b:url(x.png",
    ],
)
def test_what_can_not_be_understood_is_said(source: bytes) -> None:
    padded = source if source.startswith((b"\xff", b"@")) else source + b" url(a)"
    with pytest.raises(BrokenStylesheetError):
        references(padded)


@pytest.mark.parametrize("opening", [b"(", b"{", b"[", b"f(", b"@media{"])
def test_brackets_may_be_as_deep_as_they_like(opening: bytes) -> None:
    source = b"a{b:url(x.png)} " + opening * 5000 + b"url(y.png)"
    assert [reference.url for reference in references(source)] == ["x.png", "y.png"]


def test_any_bytes_stay_or_are_refused() -> None:
    """Rewriting without new references gives the same bytes, or refuses them."""
    dice = random.Random(7)
    pieces = [b"url(", b")", b"'", b'"', b"@import ", b"\\", b"\r\n", b"\f", b"a", b"{", b"}",
              b"\xc3\xa9", b"\x00", b"/*", b"*/", b" ", b"image-set(", b";", b"\xff"]  # fmt: skip
    understood = 0
    for _ in range(3000):
        source = b"".join(dice.choices(pieces, k=dice.randrange(1, 14)))
        try:
            found = references(source)
        except BrokenStylesheetError:
            continue
        understood += 1
        assert rewrite(source, references(source), lambda reference: reference.url) == source
        done = 0
        for reference in found:
            assert done <= reference.start <= reference.stop <= len(source)
            done = reference.stop
    assert understood > 300


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("x.png", "/static/css/x.png"),
        ("./x.png", "/static/css/x.png"),
        ("../img/a%20b.png#part", "/static/img/a b.png"),
        ("../../../../x.png", "/x.png"),
        ("/other/x.png", "/other/x.png"),
        ("f.eot?#iefix", "/static/css/f.eot"),
        ("a%2520b.png", "/static/css/a%20b.png"),
        ("", None),
        ("#grad", None),
        ("?x", None),
        ("x.png?v=1", "/static/css/x.png"),
        ("f.eot?#iefix&v=4.7.0", "/static/css/f.eot"),
        ("f.svg?e4v2gs#icons", "/static/css/f.svg"),
        ("//host/x.png?v=1", None),
        ("//host/x.png", None),
        ("https://host/x.png", None),
        ("data:image/png;base64,AA", None),
        ("mailto:a@b", None),
        ("http://[bad", None),
        ("a\\b.png", None),
    ],
)
def test_where_a_reference_leads(url: str, path: str | None) -> None:
    found = resolve("/static/css/app.css", url)
    assert (found and found.path) == path


@pytest.mark.parametrize(
    ("url", "query", "path"),
    [
        # In a file name there is no place for one.
        ("x%2Epng", "x%2Epng?v=FP", "x%2Epng"),
        ("x.", "x.?v=FP", "x."),
        ("a%2Fb%20c.png", "a%2Fb%20c.png?v=FP", "a%2Fb%20c.FP.png"),
        ("x.png", "x.png?v=FP", "x.FP.png"),
        ("../a/x.min.css#f", "../a/x.min.css?v=FP#f", "../a/x.min.FP.css#f"),
        ("f.eot?#iefix", "f.eot?v=FP#iefix", "f.FP.eot?#iefix"),
        ("LICENSE", "LICENSE?v=FP", "LICENSE.FP"),
        ("f.woff2?v=4.7.0", "f.woff2?v=4.7.0&v=FP", "f.FP.woff2?v=4.7.0"),
        ("f.eot?#iefix&v=4.7.0", "f.eot?v=FP#iefix&v=4.7.0", "f.FP.eot?#iefix&v=4.7.0"),
        ("f.svg?e4v2gs#icons", "f.svg?e4v2gs&v=FP#icons", "f.FP.svg?e4v2gs#icons"),
    ],
)
def test_references_keep_their_spelling(url: str, query: str, path: str) -> None:
    """A reference with a fingerprint is spelled as its author spelled it."""
    assert with_fingerprint(url, "query", FP) == query.replace("FP", FP)
    assert with_fingerprint(url, "path", FP) == path.replace("FP", FP)
