"""The rules that the package's source keeps: how docstrings begin, and which room imports which."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest
from cachelib.file import FileSystemCache
from flask import Flask, appcontext_pushed
from flask_session import Session

import flask_static_optimizer
from flask_static_optimizer import StaticOptimizer

PACKAGE = "flask_static_optimizer"
ROOT = Path(flask_static_optimizer.__file__).parent

#: The rooms from top to bottom. A room imports only from the lines below its own, so two rooms of
#: one line do not import each other. ``__init__`` is what ``import flask_static_optimizer`` runs.
FLOORS = (
    ("wsgi", "__main__"),
    ("demo",),
    ("__init__",),
    ("extension",),
    ("cli",),
    ("state",),
    ("session", "lane"),
    ("views",),
    ("headers",),
    ("requests",),
    ("assets", "store"),
    ("monitoring",),
    ("config",),
    ("http",),
)
ROOMS = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


#: Words that no docstring begins with: it names a thing, or says what is done.
QUESTIONS = {"What", "Who", "Where", "When", "How", "Whether"}
ARTICLES = {"A", "An", "The"}
#: Words that begin a noun phrase, while a function's docstring begins with a verb.
DETERMINERS = ARTICLES | {"All", "Any", "Each", "It", "This", "That", "These", "Those"}


class Module(NamedTuple):
    """A module of the package, read and not imported."""

    #: Its dotted name inside the package, such as ``store.keys``; that of its folder if it is a
    #: package.
    name: str
    #: The dotted name of the package that its relative imports start from.
    package: str
    room: str
    tree: ast.Module


class Import(NamedTuple):
    """One imported name."""

    #: The module that it comes from: a dotted name, inside the package if ``inside``.
    source: str
    #: The name in that module; ``None`` if the module itself is imported.
    name: str | None
    inside: bool
    #: The name under which the importing module knows it.
    bound: str
    line: int


@cache
def modules() -> dict[str, Module]:
    """Read all modules of the package."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = list(path.relative_to(ROOT).with_suffix("").parts)
        room = parts[0]
        if len(parts) > 1 and parts[-1] == "__init__":
            parts.pop()
            package = ".".join(parts)
        else:
            package = ".".join(parts[:-1])
        name = ".".join(parts)
        found[name] = Module(name, package, room, ast.parse(path.read_text("utf-8")))
    return found


def imports(module: Module) -> Iterator[Import]:
    """Give each name that a module imports, for type checking and inside functions too."""
    for node in ast.walk(module.tree):
        if not isinstance(node, (ast.Import, ast.ImportFrom)):
            continue
        for alias in node.names:
            bound = alias.asname or alias.name
            if isinstance(node, ast.Import):
                source, name = alias.name, None
            else:
                source, name = origin(module, node), alias.name
            parts = source.split(".")
            inside = parts[0] == PACKAGE
            if inside:
                source = ".".join(parts[1:])
                whole = f"{source}.{name}".lstrip(".")
                if name is not None and whole in modules():
                    source, name = whole, None
            yield Import(
                source or "__init__" if inside else source, name, inside, bound, node.lineno
            )


def origin(module: Module, node: ast.ImportFrom) -> str:
    """Return the absolute name of the module that ``from ... import`` names."""
    if not node.level:
        return node.module or ""
    package = [PACKAGE, *filter(None, module.package.split("."))]
    above = package[: len(package) - node.level + 1]
    return ".".join([*above, *filter(None, [node.module])])


@cache
def graph() -> dict[str, set[str]]:
    """Return the modules of the package that each module imports."""
    return {
        name: {found.source for found in imports(module) if found.inside}
        for name, module in modules().items()
    }


def room_of(name: str) -> str:
    """Return the room that a module lies in."""
    return name.partition(".")[0]


class Docstring(NamedTuple):
    """A docstring: what has it, of which kind that is, and the first word."""

    place: str
    kind: type[ast.AST]
    first: str
    #: Whether it is that of a property, which names a thing as an attribute's does.
    is_property: bool


def is_property(node: ast.AST) -> bool:
    """Return whether a function is a property."""
    decorators = getattr(node, "decorator_list", [])
    return any(isinstance(each, ast.Name) and each.id == "property" for each in decorators)


def docstrings(room: str) -> Iterator[Docstring]:
    """Give all docstrings of a room."""
    for module in modules().values():
        if module.room != room:
            continue
        for node in ast.walk(module.tree):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
                text = ast.get_docstring(node)
                if text:
                    place = f"{module.name}:{getattr(node, 'name', '')}"
                    first = text.split()[0].rstrip(",;:.")
                    yield Docstring(place, type(node), first, is_property(node))


@pytest.fixture(params=ROOMS)
def room(request):
    """Give each room, and each module beside the rooms."""
    return request.param


def test_no_docstring_begins_with_a_question_word(room):
    """A docstring names a thing or says what is done, and does not answer an unasked question."""
    assert [found for found in docstrings(room) if found.first in QUESTIONS] == []


def test_a_class_docstring_begins_with_an_article(room):
    """A class is a thing: "A circuit breaker, which ...", "The settings that ..."."""
    classes = [found for found in docstrings(room) if found.kind is ast.ClassDef]
    assert [found for found in classes if found.first not in ARTICLES] == []


def test_a_function_docstring_begins_with_a_verb(room):
    """A function does something: "Return whether ...", "Make ...". A property names a thing."""
    functions = [
        found
        for found in docstrings(room)
        if found.kind is ast.FunctionDef and not found.is_property
    ]
    assert [found for found in functions if found.first in DETERMINERS] == []


def test_every_room_has_a_line_on_the_list():
    """A new room or module at the root is given a place among the others."""
    assert {module.room for module in modules().values()} == set(ROOMS)


def test_the_root_has_few_entries():
    """The list of folders is read by people: what belongs into a room does not lie at the root."""
    entries = {path.name for path in ROOT.iterdir()} - {"__pycache__", "py.typed"}
    assert len(entries) <= 17, sorted(entries)


def test_a_room_imports_only_from_below():
    """A request walks downwards, and what puts all together is imported by nothing below it."""
    wrong = [
        f"{name} imports {source}"
        for name, sources in graph().items()
        for source in sources
        if room_of(source) != room_of(name) and ROOMS[room_of(source)] <= ROOMS[room_of(name)]
    ]
    assert wrong == []


def test_no_modules_import_each_other():
    """A module can be read without those that use it, also where it imports for types only."""
    try:
        TopologicalSorter(graph()).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_only_the_extension_and_the_commands_know_the_state():
    """Every other module is handed the parts that it uses."""
    users = {room_of(name) for name, sources in graph().items() if "state" in sources}
    assert users == {"extension", "cli"}


@pytest.mark.parametrize("room", ["http", "store"])
def test_http_and_the_store_know_no_flask(room):
    """The rules of HTTP can be tested, and the store be used, without an app."""
    packages = {
        found.source.partition(".")[0]
        for module in modules().values()
        if module.room == room
        for found in imports(module)
        if not found.inside
    }
    assert [name for name in packages if name.startswith("flask")] == []


def test_werkzeugs_parsers_are_those_that_stay():
    """Only functions of ``werkzeug.http`` are imported that no version of Werkzeug gives up.

    Werkzeug 3.2 deprecates ``parse_etags``, ``parse_set_header`` and their like.
    """
    stay = {"dump_header", "http_date", "parse_date", "parse_dict_header"}
    imported = {
        alias.name
        for module in modules().values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom) and node.module == "werkzeug.http"
        for alias in node.names
    }
    assert imported <= stay


def test_no_module_uses_a_private_name_of_another():
    """A name with an underscore can be changed after reading one file."""
    wrong = []
    for module in modules().values():
        found = [one for one in imports(module) if one.inside]
        wrong += [
            f"{module.name}:{one.line} imports {one.source}.{one.name}"
            for one in found
            if one.name and is_private(one.name)
        ]
        known = {one.bound for one in found if one.name is None}
        wrong += [
            f"{module.name}:{node.lineno} uses {node.value.id}.{node.attr}"
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in known
            and is_private(node.attr)
        ]
    assert wrong == []


def is_private(name: str) -> bool:
    """Return whether a name is meant for its own module alone."""
    return name.startswith("_") and not name.startswith("__")


#: Serves one request of an app and prints the modules that were loaded, before the app and after.
SERVE = """
import sys
import flask_static_optimizer
imported = set(sys.modules)
import flask
from flask import Flask
app = Flask("app", root_path=sys.argv[1])
app.secret_key = "k"
app.config["STATIC_OPTIMIZER_EXPRESS"] = sys.argv[3] == "express"
if "earlier" in sys.argv:
    blueprint = flask.Blueprint("blueprint", "blueprint")
    blueprint.get("/view")(flask_static_optimizer.cacheable_static(lambda: "view"))
if "rule" in sys.argv:
    app.config["STATIC_OPTIMIZER_RULES"] = {"static:*.css": {"max_age": 60}, "view": {}}
if "before" in sys.argv:
    app.get("/view")(flask_static_optimizer.cacheable_static(lambda: "view"))
flask_static_optimizer.StaticOptimizer(app)
if "rule" in sys.argv:
    app.add_url_rule("/view", "view", lambda: "view")
if "earlier" in sys.argv:
    app.register_blueprint(blueprint)
if "after" in sys.argv:
    app.get("/view")(flask_static_optimizer.cacheable_static(lambda: "view"))
installed = set(sys.modules)
environ = {
    "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": sys.argv[2], "QUERY_STRING": "",
    "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
    "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": sys.stdin.buffer,
    "wsgi.errors": sys.stderr, "wsgi.multithread": True, "wsgi.multiprocess": True,
    "wsgi.run_once": False,
}
statuses = []
body = app.wsgi_app(environ, lambda status, headers, *_: statuses.append(status))
assert b"".join(body) and statuses[0][:3] == sys.argv[4], statuses
getattr(body, "close", lambda: None)()
print(*imported)
print(*installed)
print(*sys.modules)
"""

#: Modules that serving does not need: Flask's for tests, the commands and the demo. (Werkzeug's for
#: tests, ``werkzeug.test``, is imported by ``import werkzeug`` itself.)
NOT_SERVING = {
    "flask.testing",
    *(
        f"{PACKAGE}.{name}"
        for name in (
            "assets.build",
            "cli.audit",
            "cli.build",
            "cli.compare",
            "cli.exchange",
            "cli.export",
            "cli.nginx",
            "cli.public_files",
            "cli.purge",
            "cli.writing",
            "demo",
        )
    ),
}


#: Modules that only some apps need: those of stored responses, and what reads stylesheets that
#: refer to something and scripts that import something.
STORED = {f"{PACKAGE}.{name}" for name in ("lane.stored", "store.store", "views.stored_view")}
FOR_SOME = STORED | {"tinycss2", f"{PACKAGE}.assets.module_syntax"}
#: Modules that are loaded with a file that needs them.
FOR_FILES = {f"{PACKAGE}.assets.css", f"{PACKAGE}.assets.stylesheets"}


def served(folder: Path, path: str, *options: str) -> list[set[str]]:
    """Serve one request, and return the modules after the import, the installation, the request."""
    (folder / "static").mkdir()
    (folder / "static" / "a.css").write_text("p {}")
    (folder / "static" / "a.js").write_text("f()")
    (folder / "static" / "refers.css").write_text("p { background: url(a.css) }")
    (folder / "static" / "imports.js").write_text('import "./a.js"')
    command = [sys.executable, "-c", SERVE, str(folder), path, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [set(line.split()) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("express", ["express", "hooks"])
@pytest.mark.parametrize(("path", "status"), [("/static/a.css", "200"), ("/nowhere", "404")])
def test_serving_loads_no_tests_no_commands_and_no_demo(tmp_path, path, status, express):
    """A worker starts faster and holds less without them, and a command is imported when called."""
    for modules in served(tmp_path, path, express, status):
        assert NOT_SERVING & modules == set()


@pytest.mark.parametrize("path", ["/static/a.css", "/static/a.js"])
def test_what_only_some_apps_need_is_not_loaded_by_others(tmp_path, path):
    """An app without stored views loads no store, and a file without references no parser."""
    imported, installed, all_of_them = served(tmp_path, path, "hooks", "200")
    assert (FOR_SOME | FOR_FILES) & imported == set()
    assert (FOR_SOME | FOR_FILES) & installed == set()
    assert FOR_SOME & all_of_them == set()


@pytest.mark.parametrize("declared", ["before", "after", "earlier", "rule"])
def test_what_stores_is_loaded_before_the_first_request(tmp_path, declared):
    """The first request of a worker does not wait for it, wherever the view is declared."""
    imported, installed, _ = served(tmp_path, "/view", "hooks", "200", declared)
    assert STORED & imported == set()
    assert installed >= STORED


def test_a_file_that_refers_to_others_loads_what_reads_it(tmp_path):
    """The control of what is not loaded by other files."""
    *_, modules = served(tmp_path, "/static/refers.css", "hooks", "200")
    assert FOR_FILES | {"tinycss2"} <= modules


def test_a_script_that_imports_loads_what_reads_it(tmp_path):
    """The control of what is not loaded by other files."""
    *_, modules = served(tmp_path, "/static/imports.js", "hooks", "200")
    assert f"{PACKAGE}.assets.module_syntax" in modules


def test_serving_makes_no_dataclasses():
    """Each would write and compile source text when it is imported: a millisecond or more.

    A value is a ``NamedTuple``, and a thing that changes a class with ``__slots__``.
    """
    commands = {"cli", "demo"}
    found = [
        module.name
        for module in modules().values()
        if module.room not in commands
        and any(one.source == "dataclasses" for one in imports(module))
    ]
    assert found == []


@pytest.mark.parametrize("path", ["/static/a.css", "/page"])
@pytest.mark.parametrize("session", ["flask", "before", "after"])
@pytest.mark.parametrize("express", [True, False])
def test_no_receiver_is_left_after_the_first_request(tmp_path, express, session, path):
    """Each context of an app pays for a signal that has a receiver, on every request."""
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "a.css").write_text("p {}")
    app = Flask("app", root_path=tmp_path)
    app.secret_key = "k"
    app.config.update(STATIC_OPTIMIZER_EXPRESS=express)
    if session != "flask":
        cache = FileSystemCache(str(tmp_path / "sessions"))
        app.config.update(SESSION_TYPE="cachelib", SESSION_CACHELIB=cache)
    app.add_url_rule("/page", view_func=lambda: "page", endpoint="page")
    if session == "before":
        Session(app)
    StaticOptimizer(app)
    if session == "after":
        Session(app)
    assert receivers(app), "the receiver that adopts a later session interface"
    client = app.test_client()
    client.get(path).close()
    if express and path != "/page":
        # The lane has answered without a context, for which nobody paid. The first page does.
        client.get("/page").close()
    assert receivers(app) == []


def receivers(app: Flask) -> list[object]:
    """Return the receivers of the extension that are called for each context of an app."""
    found = appcontext_pushed.receivers_for(app)
    return [receiver for receiver in found if receiver.__module__.startswith(PACKAGE)]
