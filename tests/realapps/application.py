"""An application from PyPI, and its log-in, as they are told of in ``apps.py``."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Login:
    """A form, filled and sent."""

    path: str
    #: What is typed, by the selector of the field; Enter in the last one sends it.
    fields: dict[str, str]


@dataclass(frozen=True)
class Application:
    """An application from PyPI, and how it is run here."""

    name: str
    #: What is installed, with versions so that a run can be repeated.
    packages: tuple[str, ...]
    #: The app as ``flask --app`` takes it.
    app: str
    pages: tuple[str, ...]
    #: The text that the first page shows to whoever is logged in, and to nobody else.
    inside: str
    login: Login | None = None
    #: Text files in the folder of data, and commands that run there before the first start.
    files: dict[str, str] = field(default_factory=dict)
    commands: tuple[tuple[str, ...], ...] = ()
    #: Variables and import paths of its processes; ``{data}`` and ``{site}`` are put in.
    environ: dict[str, str] = field(default_factory=dict)
    paths: tuple[str, ...] = ()
    #: Header fields that the browser sends with everything.
    headers: dict[str, str] = field(default_factory=dict)
    #: By page: the selector of what its scripts make last.
    ready: dict[str, str] = field(default_factory=dict)
    #: How long nothing may be asked for until a page counts as settled.
    quiet: float = 0.7
    #: The selector of what is another each time, and so in no screenshot.
    hidden: str = ""
    #: True for those that CI looks at on each change.
    quick: bool = False
