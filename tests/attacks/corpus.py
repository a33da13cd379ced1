"""Raw request targets that have led caches and apps to disagree about what is asked for.

They are bytes as they go over the wire. ``{fp}`` stands for the fingerprint of ``app.css``.
"""

from __future__ import annotations

#: Private pages and files, by the ways in which they can be made to look like assets.
_PRIVATE = ["/account", "/static/u/ada/invoice.pdf", "/static/private/report.pdf", "/guarded/a.pdf"]

#: What is put after a private URL so that a cache takes it for an asset. (Web cache deception.)
_SUFFIXES = [
    "/x.css", "/static/app.css", "/../static/app.css", ".css", ";.css", ";x.css", "%00.css",
    "%0a.css", "%0d%0aX-Injected:%20yes.css", "%20.css", "%23.css", "%2f..%2fx.css", "%2fx.css",
    "%3b.css", "%3f.css", "%5cx.css", "%252fx.css", "%c0%ae.css", "%ff.css", "?.css", "?x=.css",
    "?v={fp}", "?/static/app.css", "/.css", "/..;/static/app.css", "/%2e%2e/static/app.css",
    "//x.css", "/./x.css", "/x.css/", "!x.css", ",x.css", "~.css", "%2ecss", "..css", "...css",
    "/x.CSS", "/\xe9.css",
]  # fmt: skip

#: Ways to a private page that lead over a static folder.
_DETOURS = [
    "/static/../account", "/static/%2e%2e/account", "/static/..%2faccount", "/static/..;/account",
    "/static/..%5caccount", "/static/..\\account", "/static/%2e%2e%2faccount",
    "/static/.%2e/account", "/static/%252e%252e/account", "/static/%252e%252e%252faccount",
    "/static//../account", "/static/./../account", "/static/x/../../account",
    "/static/app.css/../../account", "/static/app.css%2f..%2f..%2faccount",
    "/static/app.css;/../../account", "/static/..%00/account", "/static/../account/x.css",
    "/static/..%2faccount%2fx.css", "/shop/static/../../account", "/shop/static/..%2f..%2faccount",
    "/shop/../account/x.css", "//static/../account", "/asset/../account", "/asset/..%2faccount",
    "/guarded/../static/app.css", "/static/u/../app.css", "/static/u/ada/../../app.css",
    "/static/u/ada/../../../account", "/static/private/../app.css",
    "/static/u/ada/invoice.pdf/../../../app.css",
]  # fmt: skip

#: Spellings of what the folder guards, which must not be taken for what it does not.
_GUARDED = [
    "/static/./private/report.pdf", "/static/private/./report.pdf", "/static/private//report.pdf",
    "/static//private/report.pdf", "//static/private/report.pdf", "/static/x/../private/report.pdf",
    "/static/%70rivate/report.pdf", "/static/private%2freport.pdf", "/static/private%2Freport.pdf",
    "/static/Private/report.pdf", "/static/PRIVATE/REPORT.PDF", "/static/private/report.pdf.",
    "/static/private/report.pdf%20", "/static/private/report.pdf/", "/static/private/report.pdf/.",
    "/static/private/report.{fp}.pdf", "/static/private/report.0000000000000000.pdf",
    "/static/private/report.pdf?v={fp}", "/static/private/report.pdf?v=0000000000000000",
    "/static/private/report.pdf?", "/static/private/report.pdf?a=.css",
    "/static/private;/report.pdf", "/static/private/report.pdf::$DATA",
    "/static/private/report.pdf%00", "/static/priv%61te/report.pdf",
    "/static/%2e/private/report.pdf", "/static/x%2f..%2fprivate%2freport.pdf",
    "/shop/static/private/../private/report.pdf", "/static/private/..%2fprivate/report.pdf",
    "/static/link.css", "/static/link/report.pdf", "/static/out.css",
]  # fmt: skip

#: What must never be kept: mistakes about static things.
_MISTAKES = [
    "/static", "/static/", "/static/.", "/static/..", "/static/none.css", "/static/none.css?v={fp}",
    "/static/none.{fp}.css", "/static/private", "/static/private/", "/static/app.css/",
    "/static/app.css/x", "/static/app.css.", "/static/app.css..", "/static/app.css%20",
    "/static/app.css%00", "/static/%00", "/static/%00app.css", "/static/app%00.css",
    "/static/app.css%2f", "/static/app.css%5c", "/static//app.css", "//static/app.css",
    "///static/app.css", "/%2fstatic/app.css", "//evil.example/static/app.css",
    "/\\evil.example/static/app.css", "/static/\\app.css", "/STATIC/app.css", "/Static/app.css",
    "/static/APP.CSS", "/static/App.css", "/stati%63/app.css", "/static%2fapp.css",
    "/static%5capp.css", "/static/%61pp.css", "/static/./app.css", "/static/%2e/app.css",
    "/./static/app.css", "/x/../static/app.css", "/static/x/../app.css", "/static/.git/config",
    "/static/.env", "/static/%2eenv", "/static/.htaccess", "/static/.app.css.swp",
    "/static/../site.py", "/static/..%2fsite.py", "/static/%2e%2e/%2e%2e/etc/passwd",
    "/static/..%2f..%2f..%2f..%2fetc%2fpasswd", "/static/%2fetc%2fpasswd", "/static//etc/passwd",
    "/static/..%c0%af..%c0%afetc/passwd", "/static/%ff.css", "/static/%c3%28.css",
    "/static/%ed%a0%80.css", "/static/\xff.css", "/static/caf\xc3\xa9.css", "/static/%u0061pp.css",
    "/static/%.css", "/static/%zz.css", "/static/%2.css", "/static/CON", "/static/con.css",
    "/static/NUL.css", "/static/aux", "/static/COM1.css", "/static/C:/windows/win.ini",
    "/static/C:%5cwindows", "/static/app.css::$DATA", "/static/app.css:x", "/static/app.css;",
    "/static/app.css;v=1", "/static;/app.css", "/static/;/app.css", "/static/app.css%23",
    "/static/app.css%3fv=1", "/static/app.css#x", "/static/*", "/static/app.css~",
    "/static/app.css.br", "/static/app.css.gz", "/static/" + "a" * 300 + ".css",
    "/static/" + "a/" * 600 + "x.css", "/static/" + "../" * 60 + "app.css",
    "/static/" + "%2e/" * 60 + "app.css", "/asset/none.css", "/asset/", "/asset", "/asset/x/y",
    "/asset/x%2fy", "/shop/static/none.css", "/shop/static/", "/shop/static//app.css", "/guarded/",
    "/guarded", "/", "/none.css", "/none/x.css", "/favicon.ico", "/robots.txt", "/login/ada/x.css",
    "/socket.io/x.js", "/static/app.css?" + "&".join("a" * 50), "/static/app.css?v=" + "0" * 3000,
    "/static/app.css?v={fp}&v=0000000000000000", "/static/app.css?v=0000000000000000&v={fp}",
    "/static/app.css?v={fp};x", "/static/app.css?V={fp}", "/static/app.css?v={fp}%00",
    "/static/app.css?v={fp}%20", "/static/app.css?%76={fp}", "/static/app.css?v=",
    "/static/app.css?v", "/static/app.css??v={fp}", "/static/app.css?x=/../&v={fp}",
    "/static/session.js", "/static/token.js", "/static/session.js?v={fp}", "/static/token.js/",
    "http://site.example/static/app.css", "http://evil.example/static/app.css",
]  # fmt: skip

#: What is there for everybody, and must be kept.
ASSETS = [
    "/static/app.css", "/static/app.css?v={fp}", "/static/app.css?v=1.2.3?x",
    "/static/app.js", "/static/app.js?nocache=1", "/static/sub/img.png", "/shop/static/app.css",
    "/shop/static/app.css?v={fp}", "/asset/logo.svg", "/static/sub/img.png?x=%2e%2e%2f",
]  # fmt: skip

TARGETS = list(
    dict.fromkeys(
        [private + suffix for private in _PRIVATE for suffix in ["", *_SUFFIXES]]
        + _DETOURS
        + _GUARDED
        + _MISTAKES
        + ASSETS
    )
)
