"""The memory of static requests: later ones need not find out again what earlier ones have shown.

Flask itself serves these requests, with all of the app's hooks. It is only handed what it would
find out once more: the URL match, and which representation of which file was chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial, update_wrapper
from typing import TYPE_CHECKING, Any
from weakref import ref

from flask import Flask
from werkzeug.routing import MapAdapter

from ..config.bounded import Bounded
from .known import Known
from .mark import Mark, set_mark
from .overrides import is_overridden, is_written_in
from .paths import has_plain_router

if TYPE_CHECKING:
    from flask import Request
    from werkzeug.routing import Rule

    from ..assets.asset import Asset
    from ..assets.memory import Memory
    from ..assets.representation import Representation
    from .endpoints import EndpointTable

#: The number of paths that are remembered, of requests for each, and of the characters of the
#: longest request. Limits are needed, as a client can write a header in any number of ways.
_PATHS = 4096
_REQUESTS = 64
_LONGEST = 2048

#: What a request takes in memory beside its key, in bytes: measured and rounded up.
_REQUEST = 3000

Key = tuple[str | None, ...]

#: The attribute of a request that has the mark which it gets when its session is opened.
_MARK = "_static_optimizer_known"


class KnownAdapter(MapAdapter):
    """A URL adapter whose request matches what an earlier one has matched.

    It is bound to the request when more is asked of it, such as to build a URL.
    """

    def __init__(self, known: Known, bind: Callable[[], MapAdapter | None]) -> None:
        self._known = known
        self._bind = bind

    def match(self, *args: Any, **kwargs: Any) -> Any:
        """Return the known match, or match what is given."""
        if args or kwargs.keys() - {"return_rule"}:
            return super().match(*args, **kwargs)
        known = self._known
        # Whoever gets the arguments may change them.
        view_args = dict(known.view_args)
        return (known.rule if kwargs.get("return_rule") else known.rule.endpoint), view_args

    def __getattr__(self, name: str) -> Any:
        bind = vars(self).get("_bind")
        bound = None if bind is None else bind()
        if bound is None or name not in vars(bound):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        vars(self).update(vars(bound))
        return vars(self)[name]


class KnownRequests:
    """A memory of one app's static requests.

    Only Flask's own router is spared, where the method, the host and the path of a request decide
    about the match, and nothing else.

    :param memory: the memory of the files' bytes. What it releases is forgotten here.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._paths: Bounded[str | None, Bounded[Key, Known]] = Bounded(_PATHS)
        self._of_asset: dict[Asset, set[str | None]] = {}
        self._is_plain = self._is_pure = False
        memory.on_release(self._forget)

    def install(self, app: Flask) -> None:
        """Let requests of an app be matched by this memory.

        It takes the place of ``app.create_url_adapter``, which Flask calls for each request.
        """
        self._is_plain = has_plain_router(app) and not is_overridden(
            MapAdapter, "match", MapAdapter, "werkzeug"
        )
        if not self._is_plain:
            return
        converters = app.url_map.converters.values()
        self._is_pure = all(is_written_in(converter, "werkzeug") for converter in converters)
        # The app holds the function; a strong reference back would keep a dropped app alive.
        get_app, kind, paths = ref(app), type(app), self._paths
        knows_trust = "TRUSTED_HOSTS" in Flask.default_config  # from Flask 3.1 on

        def create_url_adapter(request: Request | None) -> MapAdapter | None:
            app = get_app()
            assert app is not None, "it is being called"
            if request is not None:
                requests = paths.get(request.environ.get("PATH_INFO"))
                known = None if requests is None else _find(requests, request.environ)
                if known is not None:
                    self._mark(request, known)
                    trusted = app.config["TRUSTED_HOSTS"] if knows_trust else None
                    if trusted is not None:
                        request.trusted_hosts = trusted
                    return KnownAdapter(known, partial(kind.create_url_adapter, app, request))
            return kind.create_url_adapter(app, request)

        update_wrapper(create_url_adapter, kind.create_url_adapter)
        del create_url_adapter.__wrapped__  # type: ignore[attr-defined]
        app.create_url_adapter = create_url_adapter  # type: ignore[method-assign]

    def _mark(self, request: Request, known: Known) -> None:
        """Let a request have a mark, if the file that it asks for is unchanged."""
        representation = known.representation
        if representation is not None:
            asset = representation.asset
            if not asset.is_current():
                return
            self._memory.touch(asset)
        elif known.endpoint.static_folder is not None:
            return
        mark = Mark(known.endpoint, known.policy, known.view_args, protected=known.protected)
        mark.known = known
        setattr(request, _MARK, mark)

    def learn(self, app: Flask, endpoints: EndpointTable, request: Request, mark: Mark) -> None:
        """Remember the match of a request, if it decides about the next one like it.

        A URL converter of the app's own may decide by anything, so what it may decide about is
        not remembered.
        """
        rule, environ = request.url_rule, request.environ
        if not self._is_plain or rule is None or rule.endpoint != mark.endpoint.name:
            return
        if "HTTP_UPGRADE" in environ or mark.session.opened:
            return
        if self._is_pure or endpoints.shortcut.find(request.path, environ) is not None:
            self._keep(environ, _of_match(environ), _known(app, rule, mark, environ))

    def learn_file(
        self,
        app: Flask,
        environ: Mapping[str, Any],
        mark: Mark,
        name: str,
        representation: Representation,
        plain: Representation,
        *,
        keep: bool,
    ) -> Known:
        """Remember what was chosen for a request, if it answers the next one like it.

        :param name: the name of the file as it stands in the URL.
        :param plain: the same file without a coding, as the app's hooks see it.
        :param keep: whether the app has no say in what is chosen.
        """
        asset = representation.asset
        requests = self._paths.get(environ.get("PATH_INFO"))
        match = None if requests is None else requests.get(_of_match(environ))
        rule = None if match is None else match.rule
        known = _known(app, rule, mark, environ, representation, plain)
        if not keep or match is None or match.endpoint is not mark.endpoint:
            return known
        if not asset.settled or representation.is_temporary or "HTTP_IF_RANGE" in environ:
            return known
        if not representation.verified and (name != asset.name or environ.get("QUERY_STRING")):
            return known
        size = self._keep(environ, _of_file(environ), known)
        if not size:
            return known
        self._of_asset.setdefault(asset, set()).add(environ.get("PATH_INFO"))
        asset.derived.noted += size
        # Another thread may have released the asset's bytes before this was remembered.
        is_held = representation.body is not None and representation.body is not asset.body
        self._memory.hold(asset, again=is_held)
        if is_held and not self._memory.holds(asset):
            self._forget(asset)
        return known

    def _keep(self, environ: Mapping[str, Any], key: Key, known: Known) -> int:
        """Remember a request, and return the bytes that this takes: none if it is too long."""
        path = environ.get("PATH_INFO")
        length = sum(len(part or "") for part in (path, *key))
        if length > _LONGEST:
            return 0
        requests = self._paths.get(path)
        if requests is None:
            requests = self._paths[path] = Bounded(_REQUESTS)
        requests[key] = known
        return length + _REQUEST

    def _forget(self, asset: Asset) -> None:
        asset.derived.noted = 0
        for path in self._of_asset.pop(asset, ()):
            requests = self._paths.get(path) or Bounded(0)
            for key, known in tuple(requests.items()):
                if known.representation is not None and known.representation.asset is asset:
                    requests.pop(key, None)


def _known(
    app: Flask,
    rule: Rule | None,
    mark: Mark,
    environ: Mapping[str, Any],
    representation: Representation | None = None,
    plain: Representation | None = None,
) -> Known:
    args, protected = mark.view_args, mark.protected
    return Known(
        app,
        rule,
        mark.endpoint,
        mark.policy,
        args,
        environ,
        representation,
        plain,
        protected=protected,
    )


def mark_known(request: Request) -> Mark | None:
    """Mark a request, if it is known. Of a request whose session was opened nothing is known."""
    mark: Mark | None = vars(request).pop(_MARK, None)
    if mark is not None:
        set_mark(request, mark)
    return mark


def _find(requests: Mapping[Key, Known], environ: Mapping[str, Any]) -> Known | None:
    if "HTTP_UPGRADE" in environ:
        return None
    match = requests.get(_of_match(environ))
    if match is None or match.endpoint.static_folder is None or "HTTP_IF_RANGE" in environ:
        return match  # If-Range may name the ETag of another coding than Accept-Encoding selects.
    return requests.get(_of_file(environ), match)


def _of_match(environ: Mapping[str, Any]) -> Key:
    """Return what decides about the URL match of a path."""
    return environ.get("HTTP_HOST"), environ.get("REQUEST_METHOD")


def _of_file(environ: Mapping[str, Any]) -> Key:
    """Return what decides about the representation of a file."""
    get = environ.get
    return (
        get("HTTP_HOST"),
        get("REQUEST_METHOD"),
        get("QUERY_STRING"),
        get("HTTP_ACCEPT_ENCODING"),
    )
