"""``Link`` headers that let browsers fetch a page's assets early (RFC 8288, HTML §4.6.7)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

#: The largest number of ``Link`` values of one response, and their largest size in bytes. Servers
#: refuse long headers.
MOST = 24
LONGEST = 4096

_STYLES = (".css",)
_SCRIPTS = (".js", ".mjs")
_FONTS = (".woff2", ".woff", ".ttf", ".otf")
_IMAGES = (".avif", ".gif", ".jpeg", ".jpg", ".png", ".svg", ".webp")

_LINKS = {
    "style": (_STYLES, "rel=preload; as=style"),
    "script": (_SCRIPTS, "rel=preload; as=script"),
    "module": (_SCRIPTS, "rel=modulepreload"),
    # Browsers always fetch fonts in CORS mode.
    "font": (_FONTS, "rel=preload; as=font; crossorigin"),
    "image": (_IMAGES, "rel=preload; as=image"),
}


#: The kinds whose tags fetch in CORS mode only where they have a ``crossorigin`` attribute.
_NO_CORS = frozenset({"style", "script"})


def links(
    used: Iterable[tuple[str, str, str]], kinds: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Yield the URLs and ``Link`` values for the assets of a page, up to the limits.

    :param used: the URL, the file name and the ``integrity`` of each asset, in order. Another
        host's files can be checked only in CORS mode, so tags with ``integrity`` (empty: without)
        have ``crossorigin``. A tag takes only what a link has fetched in the same mode and with the
        same ``integrity``.
    :param kinds: the kinds of assets to preload: ``style``, ``script``, ``module``, ``font``,
        ``image``.
    """
    left = LONGEST
    for count, (url, name, integrity) in enumerate(dict.fromkeys(used)):
        for kind in kinds:
            endings, parameters = _LINKS[kind]
            if name.lower().endswith(endings):
                if kind in _NO_CORS and integrity and not url.startswith("/"):
                    parameters += f'; crossorigin; integrity="{integrity}"'
                link = f"<{url}>; {parameters}"
                left -= len(link) + 2
                if left < 0 or count >= MOST:
                    return
                yield url, link
                break
