"""The session stores of the demo, which count the reads and writes that they get."""

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

from ..cli.compare.tally import Counts

#: Commands that count as reads, and those that count as writes: all that a session interface may
#: send about keys and values.
_READS = frozenset({"exists", "get", "getex", "mget", "pttl", "ttl"})
_WRITES = frozenset(
    {"del", "expire", "expireat", "getdel", "mset", "pexpire", "psetex", "set", "setex", "unlink"}
)


@dataclass(frozen=True, slots=True)
class SessionStore:
    """A session store that counts what it is asked."""

    #: The name of the store in the report.
    label: str
    #: The configuration of Flask-Session for it.
    config: dict[str, Any]
    #: Returns the reads and writes up to now.
    counts: Callable[[], Counts]


class _Counter:
    """A counter of commands, which several threads may use."""

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
    """A cache in files that counts reads and writes."""

    def __init__(self, folder: str) -> None:
        # With a threshold cachelib would count its files, by reads and writes that count here, too.
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
    """A client of Redis that counts the commands that it sends."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.counter = _Counter()

    def execute_command(self, *args: Any, **options: Any) -> Any:
        self.counter.count(str(args[0]).lower())
        return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]


@contextmanager
def file_store() -> Iterator[SessionStore]:
    """Make a session store of files (cachelib) in a temporary folder."""
    with TemporaryDirectory(prefix="flask-static-optimizer-") as folder:
        cache = _CountingCache(folder)
        config = {"SESSION_TYPE": "cachelib", "SESSION_CACHELIB": cache}
        yield SessionStore("files", config, cache.counter.counts)


@contextmanager
def redis_store(url: str, *, shared: bool = False) -> Iterator[SessionStore]:
    """Make a session store in a Redis or Valkey, whose server counts the commands.

    The server counts the commands of all its clients, so that a server in use shows too many. Keys
    have a random prefix and are deleted at the end.

    :param url: the URL of the server.
    :param shared: whether other stores use the same server at the same time. The commands are then
        counted by the client.
    :raises click.ClickException: if the URL is wrong, or the server fails.
    """
    try:
        client = cast(_CountingRedis, _CountingRedis.from_url(url, socket_connect_timeout=3))
    except ValueError as error:
        raise click.ClickException(f"--redis: {error}") from None
    where = client.connection_pool.connection_kwargs
    # The report does not show the URL, since it may have a password.
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
