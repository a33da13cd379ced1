"""Keys: what is one response and what is another."""

from __future__ import annotations

from itertools import combinations

from flask_static_optimizer.store.keys import Keys, of_variant

KEYS = Keys(("app", "secret"))
BASE = {"wsgi.url_scheme": "http", "HTTP_HOST": "a", "SCRIPT_NAME": "/r", "PATH_INFO": "/p"}


def test_each_part_of_a_key_counts() -> None:
    """Each part of a key counts, and none runs into another."""
    environs = [
        BASE,
        {**BASE, "wsgi.url_scheme": "https"},
        {**BASE, "HTTP_HOST": "b"},
        {**BASE, "HTTP_HOST": "A"},
        {**BASE, "HTTP_HOST": "a:80"},
        {**BASE, "SCRIPT_NAME": "/r/p", "PATH_INFO": ""},
        {**BASE, "SCRIPT_NAME": "", "PATH_INFO": "/r/p"},
        {**BASE, "QUERY_STRING": "a"},
        {**BASE, "PATH_INFO": "/p', 'a"},
        {**BASE, "PATH_INFO": "/p?a"},
        {**BASE, "PATH_INFO": "/p\\xe9"},
        {**BASE, "PATH_INFO": "/p\xe9"},
        {**BASE, "HTTP_X_FORWARDED_HOST": "a"},
        {**BASE, "HTTP_X_FORWARDED_PORT": "a"},
        {**BASE, "HTTP_X_FORWARDED_HOST": ""},
        {"PATH_INFO": "/p"},
        {},
    ]
    keys = [KEYS.of_request(environ) for environ in environs]
    for (one, first), (other, second) in combinations(zip(environs, keys, strict=True), 2):
        assert first != second, (one, other)


def test_keys_are_short_enough_for_memcached() -> None:
    key = KEYS.of_request({**BASE, "PATH_INFO": "/\udce4" + "x" * 3000})
    assert key is not None
    assert len(of_variant(key, ["accept"], {})) < 200
    assert len(KEYS.of_purgeable("tag", "x" * 9000)) < 200
    assert key.isascii()
    assert key.isprintable()


def test_one_app_has_other_keys_than_another() -> None:
    other = Keys(("app", "another secret"))
    assert KEYS.of_request(BASE) != other.of_request(BASE)
    assert KEYS.of_request_path(BASE) != other.of_request_path(BASE)
    assert KEYS.of_purgeable("all") != other.of_purgeable("all")


def test_case_counts_in_other_fields() -> None:
    """Only fields that are known to be the same in any case are (RFC 9110 section 5.5)."""
    for name in ("x-api-key", "x-kind", "accept", "user-agent", "origin", "content-type"):
        field = "CONTENT_TYPE" if name == "content-type" else f"HTTP_{name.upper()}"
        field = field.replace("-", "_")
        keys = {of_variant("k", [name], {field: value}) for value in ("AbC", "abc", "ABC", "aBC")}
        assert len(keys) == 4, name
    environs = [{"HTTP_ACCEPT_LANGUAGE": value} for value in ("de-AT", "DE-at")]
    assert len({of_variant("k", ["accept-language"], environ) for environ in environs}) == 1


def test_a_variant_is_told_by_its_names_too() -> None:
    environ = {"HTTP_ACCEPT": "x", "HTTP_X_KIND": "x"}
    keys = {of_variant("k", names, environ) for names in (["accept"], ["x-kind"], [])}
    assert len(keys) == 3
    assert of_variant("k", ["a", "b"], environ) == of_variant("k", ["b", "a"], environ)
