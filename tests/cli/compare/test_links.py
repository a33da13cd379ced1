"""The URLs that a browser fetches for a page."""

from __future__ import annotations

from flask_static_optimizer.cli.compare.links import Link, css_links, html_links

SITE = "http://site"
BASE = f"{SITE}/docs/page"


def urls(html: str) -> list[str]:
    return [link.url.removeprefix(SITE) for link in html_links(html, BASE).links]


def test_tags() -> None:
    html = """
        <link rel="shortcut icon" href="/favicon.svg"><link rel=stylesheet href="a.css?v=1">
        <link rel="canonical" href="/elsewhere"><link rel="alternate stylesheet" href="/b.css">
        <script src="/a.js"></script><script>inline("/x.js")</script>
        <script type="text/template" src="/t.html"></script>
        <img src="/i.svg#part"><img src=/later.png loading=lazy><a href="/page">page</a>
        <img src="/small.png" srcset="/one.png 1x, /two.png 2x"><video poster="/p.jpg"></video>
        <input type=image src="/button.png"><input src="/none.png">
        <script src="https://cdn.example/x.js"></script>
    """
    assert urls(html) == [
        "/favicon.svg",
        "/docs/a.css?v=1",
        "/a.js",
        "/i.svg#part",
        "/one.png",
        "/p.jpg",
        "/button.png",
        "https://cdn.example/x.js",
    ]


def test_a_base_and_styles_in_the_page() -> None:
    html = """<base href="/assets/"><style>p { background: url(b.png) }</style>
    <p style="background: url('c.png')">"""
    assert urls(html) == ["/assets/b.png", "/assets/c.png"]


def test_modules() -> None:
    html = """
        <script type="importmap">{"imports": {"lib": "/lib.js?v=1", "many/": "/many/",
            "/docs/near.js": "/docs/near.js?v=2"}}</script>
        <script type="module">
            import a, { b } from "lib"; import "many/x.js";
            export * from "./near.js"; import "unknown"; import("./later.js");
        </script>
        <script type="module" src="/main.js"></script>
    """
    markup = html_links(html, BASE)
    assert markup.links == [
        Link(f"{SITE}/main.js", "module"),
        Link(f"{SITE}/lib.js?v=1", "module"),
        Link(f"{SITE}/many/x.js", "module"),
        Link(f"{SITE}/docs/near.js?v=2", "module"),
    ]
    minified = 'import{a as b}from"./a.js";import*as c from"../c.js";export{d}from"/d.js";'
    found = markup.module_links(minified, f"{SITE}/js/main.js")
    assert [link.url for link in found] == [f"{SITE}/{name}.js" for name in ("js/a", "c", "d")]


def test_a_broken_import_map_maps_nothing() -> None:
    for text in ("{", "[]", '{"imports": 1}'):
        markup = html_links(f"<script type=importmap>{text}</script>", BASE)
        assert markup.imports == {}


def test_stylesheets() -> None:
    source = b"""
        @import "b.css";
        @font-face { src: url(f.eot); src: url("f.eot?#iefix"), url(f.woff2?v=1), url(f.ttf) }
        @font-face { src: url(g.woff), url(g.ttf) }
        p { background: url(../i.png), url(data:image/png;base64,AA) }
    """
    found = css_links(source, f"{SITE}/css/a.css")
    assert [(link.url.removeprefix(SITE), link.kind) for link in found] == [
        ("/css/b.css", "css"),
        ("/css/f.woff2?v=1", ""),
        ("/css/g.woff", ""),
        ("/i.png", ""),
        ("data:image/png;base64,AA", ""),
    ]
    assert css_links(b"p { background: url(a", BASE) == []
