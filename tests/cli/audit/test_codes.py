"""Every finding has a stable name, and the documentation lists all of them with their severity."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import flask_static_optimizer

AUDIT = Path(flask_static_optimizer.__file__).parent / "cli" / "audit"
PAGE = Path(__file__).parents[3] / "docs" / "auditing.md"


def in_source() -> set[tuple[str, str]]:
    """Collect the code and the severity of each finding that the source makes."""
    found = set()
    for path in AUDIT.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != "Finding":
                continue
            given = [*node.args[:2]]
            if all(isinstance(each, ast.Constant) for each in given):
                code, severity = (each.value for each in given if isinstance(each, ast.Constant))
                found.add((str(code), str(severity)))
            else:  # merged() copies findings
                assert path.name == "findings.py", f"{path}:{node.lineno} has no literal code"
    return found


def in_table() -> set[tuple[str, str]]:
    """Collect what the table of the documentation lists."""
    rows = re.findall(
        r"^\| (`.*?) \| (error|warning|note)(?:, (\w+))?(?:, (\w+))? \|", PAGE.read_text(), re.M
    )
    return {
        (code, severity)
        for codes, *severities in rows
        for code in re.findall(r"`([\w-]+)`", codes)
        for severity in severities
        if severity
    }


def test_the_table_has_every_finding():
    """A finding that is added, renamed or taken out is so in the table, too."""
    assert in_source() == in_table()
