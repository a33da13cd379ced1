"""The classification of an app's views: which are static endpoints, and under which policies."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Flask

from ..assets.mount import Mount
from ..config.decorator import tag_of
from ..config.errors import ConfigurationError
from ..config.globs import GlobIndex
from ..config.names import PREFIX
from ..config.policy import FILE_FIELDS, ROUTE_FIELDS, CachePolicy
from ..config.settings import Settings
from .folders import is_folder_view, mounted, plain_folder
from .static_endpoint import StaticEndpoint
from .url_variables import source_of

View = Callable[..., Any]


class Classifier:
    """A classifier of the views of one app.

    :param settings: the settings.
    :param globs: the places of the rules in the settings, by the globs of their endpoints.
    :param known: returns the static endpoint of a name as it was found the last time.
    :param warn: called with an occasion and a message that an operator should read once.
    """

    def __init__(
        self,
        settings: Settings,
        globs: GlobIndex,
        known: Callable[[str], StaticEndpoint | None],
        warn: Callable[[object, str], None],
    ) -> None:
        self._settings = settings
        self._globs = globs
        self._known = known
        self._warn = warn

    def protects(self, policy: CachePolicy) -> bool:
        """Return whether the session may be read by requests under a policy."""
        return self._settings.mode(policy) == "protected"

    def endpoint(self, app: Flask, name: str, view: View) -> StaticEndpoint | None:
        """Return the static endpoint that a view is, if it is one.

        :raises ConfigurationError: if the view was declared static in a wrong way.
        """
        rules = [self._settings.rules[place] for place in self._globs.matching(name)]
        tag = tag_of(view)
        view_class = getattr(view, "view_class", None)
        for method in ("get", "head", "dispatch_request"):
            if tag_of(getattr(view_class, method, None)) is not None:
                raise ConfigurationError(
                    f"@cacheable_static on the method {method!r} of {name!r}: a class-based view"
                    " takes it through its 'decorators' list."
                )
        folder = is_folder_view(view)
        base = tag if tag is not None else CachePolicy()
        if base.store is None and hasattr(view, "__wrapped__"):
            # A stored response is sent without running the decorators of a view, one of which may
            # check who may see it.
            _refuse_unstored_key(name, base)
            base = base._replace(store=False)
        known = folder or tag is not None
        if not known and not any(rule.names_views for rule in rules):
            return None
        choices = tuple(
            (
                rule,
                None if rule.fields is None else base.overlaid(rule.where, rule.fields),
            )
            for rule in rules
            if known or rule.fields is None or rule.names_views
        )
        for rule in rules:
            for field in ROUTE_FIELDS & (rule.fields or {}).keys():
                if folder and rule.glob == name:
                    raise ConfigurationError(
                        f"{rule.where}: {field} is for the stored responses of views, and {name!r}"
                        " is a static folder, whose files are the same for any query; leave it out."
                    )
            for field in FILE_FIELDS & (rule.fields or {}).keys():
                if not folder and rule.glob == name:
                    raise ConfigurationError(
                        f"{rule.where}: {field}={(rule.fields or {})[field]!r} is for the files of"
                        f" static folders, and {name!r} is an ordinary view; leave it out."
                    )
        choices = tuple(
            (rule, policy and self._settings.with_headers(policy, name, is_file=folder))
            for rule, policy in choices
        )
        default = self._settings.with_headers(base, name, is_file=folder) if known else None
        mount = self._mount(app, name, view)
        endpoint = StaticEndpoint(
            name, folder, choices, default, mount, plain_folder(app, view), protects=self.protects
        )
        before = self._known(name)
        endpoint.source = source_of(
            app,
            endpoint,
            None if before is None else before.source,
            partial(self._is_shared, name),
            self._warn,
        )
        if self._settings.session == "protected" and any(
            policy.immutable and policy.session is None for policy in endpoint.policies
        ):
            raise ConfigurationError(
                f"immutable=True of {name!r} contradicts {PREFIX}SESSION='protected'; give it"
                " session='isolated' too."
            )
        return endpoint

    def _mount(self, app: Flask, name: str, view: View) -> Mount | None:
        found = mounted(app, name, view)
        if found is None:
            return None
        folder, prefix = found
        before = self._known(name)
        mount = None if before is None else before.mount
        if mount is not None and (mount.folder, mount.prefix) == (folder, prefix):
            return mount
        settings = self._settings
        return Mount(
            name,
            folder,
            prefix,
            partial(self._is_shared, name),
            partial(self._is_rewritten, name),
            settings.dotfiles,
            settings.symlinks,
            self._warn,
            is_shared_below=partial(self._is_shared_below, name),
        )

    def _is_shared_below(self, name: str, folder: str) -> bool:
        endpoint = self._known(name)
        return endpoint is not None and endpoint.is_shared_below(folder)

    def _is_shared(self, name: str, filename: str, variable: str = "filename") -> bool:
        policy = self._policy(name, filename, variable)
        return policy is not None and not self.protects(policy)

    def _is_rewritten(self, name: str, filename: str) -> bool:
        policy = self._policy(name, filename)
        return policy is not None and policy.rewrite

    def _policy(self, name: str, filename: str, variable: str = "filename") -> CachePolicy | None:
        endpoint = self._known(name)
        return endpoint.policy({variable: filename}) if endpoint else None


def _refuse_unstored_key(name: str, policy: CachePolicy) -> None:
    """Refuse a key for responses that are not stored, as the view has other decorators."""
    for field in ("query", "key"):
        if getattr(policy, field) is not None:
            raise ConfigurationError(
                f"{field} in @cacheable_static of {name!r} is about stored responses, and a view"
                " with other decorators is not stored, as one of them may be a guard; if none is,"
                f" give store=True, else leave {field} out."
            )
