"""Every code block of the documentation does what the page says."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import pytest
from flask import Flask, render_template_string

from conftest import RedisServer
from docs import scene, shell
from docs.pages import GUIDES, PAGES, Block, blocks_of, runs_of
from flask_static_optimizer.config.names import EXTENSION
from flask_static_optimizer.config.settings import Settings

RUNS = [run for page in PAGES for run in runs_of(page)]

#: Blocks that guard ``private/``, for readers to copy.
GUARDS = [
    block
    for page in [*PAGES, *GUIDES]
    for block in blocks_of(page)
    if block.language == "python" and "abort(401)" in block.source
]

#: Paths of one file. Browsers resolve dots before they ask; not every client does.
SPELLINGS = [
    "/static/private/report.pdf",
    "/static/private/./report.pdf",
    "/static/./private/report.pdf",
    "/static/%2e/private/report.pdf",
    "/static/x/../private/report.pdf",
    "/static/private/../private/report.pdf",
]

#: What a program printed, files of the reader's that are not about us, and queries, which
#: ``monitoring/test_dashboard.py`` checks.
_SHOWN = {"js", "promql", "text"}


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settled: None) -> ModuleType:
    """Make the reader's module, in the folder that the reader stands in."""
    module = scene.project(tmp_path)
    monkeypatch.setitem(sys.modules, "myproject", module)
    monkeypatch.chdir(tmp_path)
    return module


@pytest.fixture
def database() -> Iterator[scene.Database]:
    database = scene.Database()
    yield database
    database.close()


class Reader:
    """A reader, who types what a page says, block by block."""

    def __init__(self, module: ModuleType, nginx: Callable[[str], None]) -> None:
        self._module = module
        self._nginx = nginx

    @property
    def app(self) -> Flask:
        """Return the app that the page has made by now, or just one."""
        app = vars(self._module).get("app") or Flask("myproject")
        assert isinstance(app, Flask)
        if EXTENSION not in app.extensions:
            scene.StaticOptimizer(app)
        return app

    def read(self, block: Block) -> None:
        if block.not_run or block.language in _SHOWN:
            return
        assert block.language in self._READERS, f"{block}: how is {block.language!r} checked?"
        self._READERS[block.language](self, block)

    def _python(self, block: Block) -> None:
        self._execute(block, block.source)

    def _diff(self, block: Block) -> None:
        """Execute what the page's diff makes of the reader's code."""
        new = re.sub(r"^-.*\n", "", block.source, flags=re.MULTILINE)
        self._execute(block, re.sub(r"^[+ ]", "", new, flags=re.MULTILINE))

    def _execute(self, block: Block, source: str) -> None:
        # Tracebacks are to show the page.
        code = compile("\n" * block.line + source, str(block.page), "exec")
        if block.in_request:
            with self.app.test_request_context():
                exec(code, vars(self._module))
        else:
            exec(code, vars(self._module))

    def _template(self, block: Block) -> None:
        with self.app.test_request_context():
            html = render_template_string(block.source, csp_nonce="r4nd0m")
        for url in re.findall(r'(?:src|href)="(/[^"]*)"', html):
            response = self.app.test_client().get(url)
            assert response.status_code == 200, f"{block}: {url} is {response.status}"
            assert "immutable" in response.headers["Cache-Control"]
            response.close()

    def _shell(self, block: Block) -> None:
        shell.check(block.source, self.app)

    def _dockerfile(self, block: Block) -> None:
        shell.check_dockerfile(block.source, self.app)

    def _console(self, block: Block) -> None:
        """Run the commands after ``$``, and compare their output, with anything for ``…``."""
        for part in block.source.split("$ ")[1:]:
            command, _, printed = part.partition("\n")
            shell.check(command, self.app)
            ((_, *arguments),) = shell.commands(command)
            said = self.app.test_cli_runner().invoke(args=arguments).output
            pattern = ".*".join(map(re.escape, printed.split("…")))
            assert re.fullmatch(pattern, said, re.DOTALL), f"{block}: it prints\n{said}"

    def _toml(self, block: Block) -> None:
        tomllib = pytest.importorskip("tomllib", reason="Python 3.11 has it")
        Settings.from_config(tomllib.loads(block.source))

    def _nginx_part(self, block: Block) -> None:
        self._nginx(block.source)

    _READERS: ClassVar[dict[str, Callable[[Reader, Block], None]]] = {
        "console": _console,
        "diff": _diff,
        "dockerfile": _dockerfile,
        "html": _template,
        "nginx": _nginx_part,
        "python": _python,
        "sh": _shell,
        "toml": _toml,
    }


@pytest.fixture
def nginx(nginx_binary: Path, tmp_path: Path) -> Callable[[str], None]:
    """Check that nginx takes a text, at the top of its ``http`` block or in a ``server``."""

    def test(part: str) -> None:
        whole = re.search(r"^(map|server|upstream) ", part, re.MULTILINE)
        http = part if whole else f"server {{ listen 127.0.0.1:1;\n{part}\n}}"
        config = tmp_path / "nginx.conf"
        config.write_text(f"events {{}}\nhttp {{ access_log off;\n{http}\n}}\n")
        done = subprocess.run(
            [str(nginx_binary), "-t", "-p", str(tmp_path), "-c", str(config),
             "-g", f"pid {tmp_path}/pid; error_log stderr;"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    return test


@pytest.fixture
def reader(module: ModuleType, request: pytest.FixtureRequest) -> Reader:
    # nginx is not everywhere, and few pages need it.
    return Reader(module, lambda part: request.getfixturevalue("nginx")(part))


@pytest.mark.parametrize("run", RUNS, ids=lambda run: str(run[0]))
def test_fragments(
    run: list[Block], reader: Reader, module: ModuleType, database: scene.Database
) -> None:
    """Each stands in an app of the reader's, and that still works when it is there."""
    scene.set_scene(module, database)
    if not any("STATIC_OPTIMIZER_" in block.source or "(app)" in block.source for block in run):
        # It speaks of an app that has the extension.
        module.optimizer = scene.StaticOptimizer(module.app)
    for block in run:
        reader.read(block)
    if any(block.language in ("python", "diff") and not block.not_run for block in run):
        create_app = vars(module).get("create_app")
        scene.see_that_it_works(create_app() if create_app else module.app)


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_guides(
    guide: Path, reader: Reader, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is a program from its first block to its last, and checks itself."""
    monkeypatch.setenv("REDIS_URL", redis.url)
    monkeypatch.setenv("SECRET_KEY", "docs")
    blocks = blocks_of(guide)
    for block in blocks:
        reader.read(block)
    assert any("assert " in block.source for block in blocks), "it does not check what it says"


@pytest.mark.parametrize("block", GUARDS, ids=str)
def test_guards_go_by_the_file(
    block: Block,
    reader: Reader,
    module: ModuleType,
    database: scene.Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A guard in the guides goes by the file, not by its path.

    Readers copy them, so each spelling of a guarded file is refused to a stranger.
    """
    monkeypatch.setenv("SECRET_KEY", "docs")
    scene.set_scene(module, database)
    reader.read(block)
    stranger, friend = reader.app.test_client(), reader.app.test_client()
    with friend.session_transaction() as session:
        session["user"] = "ada"
    for spelling in SPELLINGS:
        assert stranger.get(spelling).status_code == 401, spelling
        # That is the guard's doing: the file is there.
        with friend.get(spelling) as response:
            assert response.status_code == 200, spelling
    with stranger.get("/static/app.css") as response:
        assert response.status_code == 200
    assert stranger.get("/nowhere").status_code == 404


def test_guards_are_found() -> None:
    assert len({block.page for block in GUARDS}) >= 2


def test_few_blocks_cannot_be_run() -> None:
    marked = [
        f"{block}: {block.not_run}"
        for page in [*PAGES, *GUIDES]
        for block in blocks_of(page)
        if block.not_run
    ]
    assert len(marked) <= 2, "\n".join(marked)


def test_comments_before_blocks_are_understood() -> None:
    for page in [*PAGES, *GUIDES]:
        for block in blocks_of(page):
            understood = not block.comment or block.continues or block.not_run
            assert understood, f"{block}: {block.comment}"
