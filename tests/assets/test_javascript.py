"""Which JavaScript files are ES modules."""

from __future__ import annotations

import pytest

from flask_static_optimizer.assets.javascript import is_module

MODULES = [
    'import a from "b"',
    'import"b"',
    'import{a}from"b"',
    'import*as a from "b"',
    'import a,{b} from "c"',
    'import x\nfrom "y"',
    'import/* c */a from "x"',
    'import defer * as a from "x"',
    'import source x from "x"',
    'x = import("a")',
    "x = import.meta.url",
    'f(...import("x"))',
    "export default 1",
    "export{a}",
    'export*from"a"',
    "export const a = 1",
    "export async function a(){}",
    "export@decorated class A {}",
    '\ufeffimport x from "x"',
    'import\u00a0x from "x"',
    '// a line ends here \u2028import x from "x"',
    '"use strict";import"x"',
    '"a\\\r\nb";import"x"',
    "/* ' */import'x'",
    '// "\nimport"x"',
    '#!/usr/bin/env "node\nimport "x"',
    'a = `${import("x")}`',
    'a = `${`${import("x")}`}`',
    'a = `x${{a: `}`}}`; import "x"',
    'let a = /"/; import "x"',
    'let a = /[/"]/; import "x"',
    "return/'/;export{a}",
    'a = b/c;import "x"',
    'a = b++ /2;import "x"',
    'a = b /* c */ / 2; import "x"',
    'a = t`a`/2;import "x"',
]
#: What is read as a module for doubt alone.
DOUBTFUL = [
    "if (a) /\"/.test(b); c = 'import(d)'",
    'a = (b) / c; d = "import(x)" / 3',
    'a = "; import(b)',
    "a = `import(b)",
    "/* import(b)",
    'a = {import() { return "x" }}',
]
SCRIPTS = [
    "",
    '// import a from "b"',
    "/* export default 1 */",
    '"import(1)"',
    "'export default'",
    '"it\\"s import(1)"',
    '`import("x")`',
    '`${a} import("x")`',
    '`a\\`import("x")`',
    '`${{a: 1}} import("x")`',
    '/import("a")/.test(b)',
    'return /import("x")/',
    'loader.import("x")',
    'this.#import("x")',
    '$import("x")',
    "module.exports = {}; exports.a = {exported: 1}; important()",
    '// import the file\nvar a = b / c, d = "import(x)"',
    'a = (b) / c; d = "import(x)"',
    'a = {}\n/* import("x") */',
]


@pytest.mark.parametrize("source", MODULES + DOUBTFUL)
def test_modules(source: str) -> None:
    assert is_module("a.js", source.encode())


@pytest.mark.parametrize("source", SCRIPTS)
def test_classic_scripts(source: str) -> None:
    assert not is_module("a.js", source.encode())


def test_names_come_before_bytes() -> None:
    assert is_module("a.mjs", b"")
    assert is_module("A.MJS", b"")
    assert is_module("large.js", None)
    assert not is_module("a.css", b'import "x"')
