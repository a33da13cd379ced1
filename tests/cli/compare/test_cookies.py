"""The cookies that a visitor sends back."""

from __future__ import annotations

import pytest

from flask_static_optimizer.cli.compare.cookies import Cookies


def test_given_and_taken() -> None:
    cookies = Cookies(["a=1", 'b="x=y"'])
    cookies.take("c=3; Path=/; HttpOnly; Secure")
    assert cookies.header("/page") == 'a=1; b="x=y"; c=3'
    cookies.take("a=2; Path=/; Max-Age=60")
    assert cookies.header("/") == 'a=2; b="x=y"; c=3'


@pytest.mark.parametrize("end", ["Max-Age=0", "Expires=Thu, 01 Jan 1970 00:00:00 GMT"])
def test_a_cookie_that_ends(end: str) -> None:
    cookies = Cookies(["a=1"])
    cookies.take(f"a=; {end}; Path=/")
    assert cookies.header("/") is None


def test_paths() -> None:
    cookies = Cookies()
    cookies.take("a=1; Path=/shop")
    assert cookies.header("/shop") == cookies.header("/shop/x") == "a=1"
    assert cookies.header("/shopping") is None
