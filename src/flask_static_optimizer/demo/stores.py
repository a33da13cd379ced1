"""Where the demo's sessions are kept, and what those places say they were asked."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any, cast

import click
import redis
from cachelib.file import FileSystemCache

from .tally import Counts

#: How the commands on keys and values that a session interface may send are counted.
_READS = frozenset({"exists", "get", "getex", "mget", "pttl", "ttl"})
_WRITES = frozenset(
    {"del", "expire", "expireat", "getdel", "mset", "pexpire", "psetex", "set", "setex", "unlink"}
)


@dataclass(frozen=True, slots=True)
class SessionStore:
    """A store for sessions that can tell what it was asked."""

    #: What to call it in the report.
    label: str
    #: Flask-Session's configuration for it.
    config: dict[str, Any]
    #: What it was asked up to now.
    counts: Callable[[], Counts]


class _Counter:
    """Counts commands as they are sent, by several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._reads = self._writes = 0

    def counts(self) -> Counts:
        return Counts(self._reads, self._writes)

    def count(self, command: str) -> None:
        with self._lock:
            self._reads += command in _READS
            self._writes += command in _WRITES


class _CountingCache(FileSystemCache):
    """Files, counting what is asked of them."""

    def __init__(self, folder: str) -> None:
        # Without a threshold it keeps no count of its files, which would be counted here.
        super().__init__(folder, threshold=0)
        self.counter = _Counter()

    def get(self, *args: Any, **kwargs: Any) -> Any:
        self.counter.count("get")
        return super().get(*args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> bool:
        self.counter.count("set")
        return super().set(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        self.counter.count("del")
        return super().delete(*args, **kwargs)


class _CountingRedis(redis.Redis):
    """A client of Redis, counting what it sends."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.counter = _Counter()

    def execute_command(self, *args: Any, **options: Any) -> Any:
        self.counter.count(str(args[0]).lower())
        return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]


@contextmanager
def file_store() -> Iterator[SessionStore]:
    """Sessions in files (cachelib), in a temporary folder."""
    with TemporaryDirectory(prefix="flask-static-optimizer-") as folder:
        cache = _CountingCache(folder)
        config = {"SESSION_TYPE": "cachelib", "SESSION_CACHELIB": cache}
        yield SessionStore("files", config, cache.counter.counts)


@contextmanager
def redis_store(url: str, *, shared: bool = False) -> Iterator[SessionStore]:
    """Sessions in a Redis or Valkey, counted by the server itself.

    Its counts are of all of its clients: a server that is in use shows too much. Keys have a
    random prefix and are deleted in the end.

    :param shared: whether other stores use the same server meanwhile. What this one sends is
        counted on our side then.
    :raises click.ClickException: if the URL is none, or the server fails.
    """
    try:
        client = cast(_CountingRedis, _CountingRedis.from_url(url, socket_connect_timeout=3))
    except ValueError as error:
        raise click.ClickException(f"--redis: {error}") from None
    where = client.connection_pool.connection_kwargs
    # Not the URL, which may hold a password.
    name = where.get("path") or f"{where.get('host', 'localhost')}:{where.get('port', 6379)}"
    prefix = f"flask-static-optimizer-demo:{secrets.token_hex(8)}:"

    def counted_by_server() -> Counts:
        calls = {
            command.removeprefix("cmdstat_"): stat["calls"]
            for command, stat in client.info("commandstats").items()
        }
        return Counts(*(sum(calls.get(name, 0) for name in names) for names in (_READS, _WRITES)))

    with client:
        try:
            client.ping()
            config = {
                "SESSION_TYPE": "redis",
                "SESSION_REDIS": client,
                "SESSION_KEY_PREFIX": prefix,
            }
            try:
                counts = client.counter.counts if shared else counted_by_server
                yield SessionStore(f"Redis at {name}", config, counts)
            finally:
                for key in client.scan_iter(f"{prefix}*", count=1000):
                    client.delete(key)
        except redis.RedisError as error:
            raise click.ClickException(f"Redis at {name}: {error}") from None
