"""A static endpoint: the rules that speak of it, and the policy that each leads to."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any

from ..assets.fingerprints import split as split_name
from ..assets.links import TooManyError, links_below, real_name
from ..assets.mount import Mount
from ..config.globs import Glob, GlobIndex
from ..config.policy import CachePolicy
from ..config.rules import Rule, served_spelling

if TYPE_CHECKING:
    from .root_files import RootFile

#: The most entries of a folder among which links are looked for. A page waits for that.
_MOST_ENTRIES = 10_000

_NO_GLOBS = GlobIndex([])

#: The glob of rules that go by other URL variables than the file's name.
_ANY = Glob("*")


def _never(_: CachePolicy) -> bool:
    return False


class StaticEndpoint:
    """An endpoint whose responses do not depend on the session, such as a static folder.

    :param protects: returns whether the session may be read by requests under a policy.
    """

    __slots__ = (
        "_by_variables",
        "_globs",
        "choices",
        "default",
        "folder",
        "mount",
        "name",
        "protects",
        "root_file",
        "source",
        "static_folder",
    )

    def __init__(
        self,
        name: str,
        folder: bool,
        choices: tuple[tuple[Rule, CachePolicy | None], ...],
        default: CachePolicy | None,
        mount: Mount | None = None,
        static_folder: str | None = None,
        protects: Callable[[CachePolicy], bool] = _never,
    ) -> None:
        self.name = name
        #: Whether its view is Flask's own view of a static folder.
        self.folder = folder
        #: The rules that match it, in order, and the policy that each leads to (``None``: leave
        #: alone).
        self.choices = choices
        #: The policy where no rule matches; ``None`` if only the rules make the endpoint static.
        self.default = default
        #: The folder, if Flask's own view serves it and no decorator is put around that view.
        self.mount = mount
        #: The path of the folder, where Flask's own view serves it at all.
        self.static_folder = static_folder
        self.protects = protects
        #: The folder whose files a view of the app's own sends, if its policy says which.
        self.source: Mount | None = None
        #: The only file that it serves, at the root of the site.
        self.root_file: RootFile | None = None
        globs = []
        for rule, _ in choices:
            if rule.is_for_all:
                break
            globs.append(rule.filename or _ANY)
        #: The globs of file names among the rules, up to the first rule that is for all requests.
        self._globs = GlobIndex(globs) if globs else _NO_GLOBS
        #: Whether one of these rules goes by other URL variables than the file's name.
        self._by_variables = any(rule.variables for rule, _ in choices[: len(globs)])

    def of_root_file(self, file: RootFile) -> StaticEndpoint:
        """Return the endpoint that serves one of its files at the root of the site."""
        found = copy(self)
        found.name, found.root_file = file.endpoint, file
        return found

    @property
    def label(self) -> str:
        """The name by which it is counted: a file at the root counts to its folder."""
        return self.mount.endpoint if self.root_file and self.mount else self.name

    @property
    def outcomes(self) -> list[CachePolicy | None]:
        """All that may hold for one of its requests; ``None``: it is left alone."""
        found = [policy for _, policy in self.choices]
        if not any(rule.is_for_all for rule, _ in self.choices):  # which covers the rest
            found.append(self.default)
        return found

    @property
    def policies(self) -> list[CachePolicy]:
        """All policies that may hold for one of its requests."""
        return [policy for policy in self.outcomes if policy]

    def policy(self, view_args: Mapping[str, Any]) -> CachePolicy | None:
        """Return the policy of one request, or ``None`` if it is to be left alone."""
        return self.choose(view_args)[1] if self.choices else self.default

    def choose(self, view_args: Mapping[str, Any]) -> tuple[Rule | None, CachePolicy | None]:
        """Return the rule that decides about a request, if any, and the policy of the request.

        A link within a static folder gives a file a further name. The rule for the file's real name
        decides where it is stricter: where it protects the file or leaves it alone.
        """
        filename = view_args.get("filename")
        if filename is None and len(view_args) == 1:
            (filename,) = view_args.values()
        if not len(self._globs):
            return self._at(0)
        if not isinstance(filename, str):
            # What has no file name, the rules that name one leave to the others.
            return self._at(self._place((), view_args))
        names = [filename]
        split = split_name(filename) if self.mount else None
        if split is not None:
            names.append(split[0])  # a rule for a file also covers its fingerprinted name
        found = self._first(names, view_args)
        if self.static_folder is None:
            return found
        real_names = [real_name(self.static_folder, name) for name in names]
        if real_names == names:
            return found
        by_real = self._first(real_names, view_args)
        return by_real if self._is_strict(by_real[1]) and not self._is_strict(found[1]) else found

    def is_shared_below(self, folder: str) -> bool:
        """Return whether all clients get the same of whatever a folder may hold.

        :param folder: its name, relative to the static folder.
        """
        names = {folder}
        if self.static_folder is not None:
            # Of a folder to which a link leads out of the static one, no rule knows the name.
            names.add(real_name(self.static_folder, folder) or "")
        spelled = {served_spelling(name) for name in names}
        if any(map(self._is_strict_below, spelled)):
            return False
        if self.static_folder is None or not any(map(self._is_strict, self.outcomes)):
            return True
        return not self._links_to_strict(self.static_folder, {posixpath.normpath(n) for n in names})

    def _links_to_strict(self, static_folder: str, folders: set[str]) -> bool:
        """Return whether a link below some folders may lead to what a policy protects."""
        seen = set(folders)
        todo = list(folders)
        for folder in todo:
            try:
                for link in links_below(static_folder, folder, _MOST_ENTRIES):
                    if not link.is_folder:
                        if self._is_strict(self.choose({"filename": link.name})[1]):
                            return True
                        continue
                    real = real_name(static_folder, link.name)
                    if real is None or self._is_strict_below(served_spelling(real)):
                        return True
                    if real not in seen:
                        seen.add(real)
                        todo.append(real)
            except TooManyError:
                return True
        return False

    def _is_strict_below(self, folder: str) -> bool:
        """Return whether a policy that may hold below a folder protects or leaves alone."""
        place = "" if folder == "." else f"{folder}/"
        for rule, policy in self.choices:
            glob = rule.filename or _ANY
            covers = place.startswith(glob.head) and not glob.is_literal
            if self._is_strict(policy):
                if covers or glob.head.startswith(place):
                    return True
            elif covers and glob.text == f"{glob.head}*" and not rule.variables:
                return False  # it covers all, so that no later rule is reached
        return self._is_strict(self.default)

    def _first(
        self, names: Sequence[str | None], view_args: Mapping[str, Any]
    ) -> tuple[Rule | None, CachePolicy | None]:
        """Return the first rule that covers a file of one of these names, and its policy."""
        spelled = [served_spelling(name) for name in names if name is not None]
        return self._at(self._place(spelled, view_args))

    def _place(self, names: Sequence[str], view_args: Mapping[str, Any]) -> int:
        """Return the place of the first rule for a file of one of these names.

        Without a name it is that of the first rule that goes by other URL variables only.
        """
        last = len(self._globs)
        if not self._by_variables:
            return min(map(self._globs.first, names), default=last)
        for place, (rule, _) in enumerate(self.choices[:last]):
            if (rule.filename is None or any(map(rule.filename.matches, names))) and rule.holds(
                view_args
            ):
                return place
        return last

    def _at(self, place: int) -> tuple[Rule | None, CachePolicy | None]:
        """Return the rule at a place and its policy; no rule and the default behind the last."""
        return self.choices[place] if place < len(self.choices) else (None, self.default)

    def _is_strict(self, policy: CachePolicy | None) -> bool:
        return policy is None or self.protects(policy)
