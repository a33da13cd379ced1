"""The syntax of ES modules: the imports and exports in a source text (ECMA-262 §16.2)."""

from __future__ import annotations

import re

# What follows the two words where they begin a statement or an expression. A comment may stand
# anywhere, and so may a byte beyond ASCII, which may be a space or part of a name.
_IMPORT = rb"""import(?:(?<=\.\.\.import)|(?<![\w$#.]import))(?:
    \s*[("'{*./\\\x80-\xff]
    | \s+[\w$\\\x80-\xff]+(?:\s*[,*/] | \s+from(?![\w$]) | \s+[\w$\\\x80-\xff]+\s+from(?![\w$]))
)"""
_EXPORT = rb"""export(?<![\w$#.]export)(?:
    \s*[{*@/\x80-\xff] | \s+(?:default|const|let|var|function|class|async|using|await)(?![\w$])
)"""
_STATEMENT = re.compile(rb"%b|%b" % (_IMPORT, _EXPORT), re.VERBOSE)

_TOKEN = re.compile(
    rb"""
    (?P<text> "[^"\\\n\r]*(?:\\(?:\r\n|[\s\S])[^"\\\n\r]*)*"
        | '[^'\\\n\r]*(?:\\(?:\r\n|[\s\S])[^'\\\n\r]*)*' )
    | (?P<comment> //(?:[^\n\r\xe2]|\xe2(?!\x80[\xa8\xa9]))* | /\*[^*]*\*+(?:[^/*][^*]*\*+)*/ )
    | (?P<statement> %b | %b )
    | ["'`/{}]
    """
    % (_IMPORT, _EXPORT),
    re.VERBOSE,
)
_TEMPLATE = re.compile(rb"[^`\\$]*(?:(?:\\[\s\S]|\$(?!\{))[^`\\$]*)*(`|\$\{)")
_REGULAR_EXPRESSION = re.compile(
    rb"/(?![*/])(?:[^/\\\[\n\r]|\\[^\n\r]|\[(?:[^\]\\\n\r]|\\[^\n\r])*\])+/"
)

#: What would be read in another way if a regular expression were a division, or the reverse.
_TELLING = re.compile(rb"""["'`{}/*]""")

#: The words before which a slash begins a regular expression.
_WORD = re.compile(rb"(?<![\w$.])(\w+)$")
_OPERATORS = frozenset(
    b"await case delete do else in instanceof new of return throw typeof void yield".split()
)


class _AmbiguousError(Exception):
    """A source text that can be read in two ways."""


def has_statement(source: bytes) -> bool:
    """Return whether a script holds an import or an export, or may hold one.

    The source is not parsed, only split as far as is needed to leave out comments, strings,
    templates and regular expressions.
    """
    if not _STATEMENT.search(source):  # nearly all scripts end here
        return False
    try:
        return _read(source)
    except _AmbiguousError:
        return True


def _read(source: bytes) -> bool:
    """Return whether an import or an export stands outside of comments and literals.

    :raises _AmbiguousError: if a literal does not end, or a slash can be read in two ways.
    """
    # The number of braces that are open in each ``${}`` around the position.
    open_braces: list[int] = []
    position = end = source.find(b"\n") + 1 if source[:2] == b"#!" else 0
    before = b";"  # the last bytes of code that are known, if a comment follows them
    while token := _TOKEN.search(source, position):
        start, position = token.span()
        code = source[max(end, start - 32) : start].rstrip()
        if code:
            before = code
        kind, text = token.lastgroup, token[0]
        if kind == "statement":
            return True
        if kind != "comment":
            if text == b"`" or (text == b"}" and open_braces and not open_braces[-1]):
                if text == b"}":
                    open_braces.pop()
                position, goes_on = _template(source, position)
                if goes_on:
                    open_braces.append(0)
                text = b"{" if goes_on else b"`"
            elif text in (b"{", b"}"):
                if open_braces:
                    open_braces[-1] += 1 if text == b"{" else -1
            elif text == b"/":
                position = _slash(source, start, before)
                text = b"/" if position == start + 1 else b"`"  # an operator, or a value
            elif kind is None:
                raise _AmbiguousError  # a string that does not end
            before = text[-1:]
        end = position
    return False


def _template(source: bytes, position: int) -> tuple[int, bool]:
    """Return where a part of a template ends, and whether a ``${`` ends it."""
    found = _TEMPLATE.match(source, position)
    if found is None:
        raise _AmbiguousError
    return found.end(), found[1] == b"${"


def _slash(source: bytes, start: int, before: bytes) -> int:
    """Return where the division or the regular expression ends that begins with a slash."""
    if source[start + 1 : start + 2] == b"*":
        raise _AmbiguousError  # a comment that does not end
    found = _REGULAR_EXPRESSION.match(source, start)
    word = _WORD.search(before)
    last = before[-1:]
    if word is not None:
        divides = word[1] not in _OPERATORS
    elif last in (b")", b"}") or before[-2:] in (b"++", b"--"):
        # It depends on what the bracket ended: ``if (a) /b/.test(c)``, ``(a) / b``.
        if found is not None and _TELLING.search(source, start + 1, found.end() - 1):
            raise _AmbiguousError
        divides = True
    else:
        divides = last in (b"]", b'"', b"'", b"`", b"$") or last >= b"\x80"
    if divides:
        return start + 1
    if found is None:
        raise _AmbiguousError
    return found.end()
