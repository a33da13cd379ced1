"""The package that a class or a function was written in, and what replaces those of Flask."""

from __future__ import annotations

from types import FunctionType


def is_overridden(kind: type, name: str, base: type, package: str) -> bool:
    """Return whether a subclass of a framework's class has another attribute than that class.

    The class that defines it decides, and not where its code was written: Flask 3.2 wraps a
    method of a subclass that has an older signature in a function of its own.

    :param kind: the subclass, or the framework's class itself, where a tracer may patch it.
    :param base: the framework's class.
    :param package: the top-level package that it is written in, such as ``"flask"``.
    """
    definer = next((each for each in kind.__mro__ if name in vars(each)), None)
    return definer not in base.__mro__ or not is_written_in(vars(definer)[name], package)


def is_written_in(thing: object, package: str) -> bool:
    """Return whether a class or a function, and all that it wraps, was written in a package.

    A patch that has the name and module of the function that it replaced (``functools.wraps``,
    wrapt) was not.
    """
    if isinstance(thing, type):
        return _top_level(thing.__module__) == package
    while type(thing) is FunctionType and _top_level(thing.__globals__["__name__"]) == package:
        if not hasattr(thing, "__wrapped__"):
            return True
        thing = thing.__wrapped__
    return False


def _top_level(module: str) -> str:
    return module.partition(".")[0]
