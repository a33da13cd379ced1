"""The check of ``STATIC_OPTIMIZER_HOST_URL``, the host of static files in pages."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from .errors import ConfigurationError

#: A host name or an address, a port, and a path of unreserved characters and escapes.
_HOST = re.compile(
    r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d+)?(?:/[A-Za-z0-9._~!$'()*+,=:@%-]+)*"
)


def host_url(where: str, value: object) -> str | None:
    """Check the URL of a host; return ``None`` for no host."""
    if value is False:
        return None
    wrong = _what_is_wrong(value)
    if wrong is not None:
        raise ConfigurationError(
            f"{where} is {value!r}: {wrong}, such as 'https://cdn.example.com' or"
            " 'https://cdn.example.com/site'."
        )
    return str(value)


def _what_is_wrong(value: object) -> str | None:
    if not isinstance(value, str):
        return "give the URL of a host, or False"
    if not value.startswith(("http://", "https://")):
        return "give a URL with 'https://' or 'http://' before the host"
    if "?" in value or "#" in value:
        return "give a URL without a query and a fragment"
    if value.endswith("/"):
        return "give a URL without a slash at the end"
    try:
        port = urlsplit(value).port
    except ValueError:
        port = 0
    if port == 0 or not _HOST.fullmatch(value) or not {".", ".."}.isdisjoint(value.split("/")):
        return "give a URL of a scheme, a host and perhaps a port and a path"
    return None
