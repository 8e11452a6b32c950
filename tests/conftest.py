"""A fresh, migrated PostgreSQL database for every test that asks for one.

One server per test run: the embedded one with its durability switched off, or BOOKBRIDGE_TEST_DATABASE_URL's.
It is migrated once, into a template that each test's database is a copy of. Under xdist the controller starts
the server, so that it lives exactly as long as the run. Fixtures of one room belong in its own conftest.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
import structlog

from bookbridge import jobs
from bookbridge.store.embedded import EmbeddedPostgres
from bookbridge.store.migrations import migrate
from bookbridge.store.pool import open_pool

POOL_SIZE_MAX = 5
MEMORY_FREE_MIN_BYTES = 2 * 1024**3
ABANDONED_AFTER_S = 6 * 3600
_DIRECTORY_PREFIX = "bookbridge-tests-"
_SERVER_KEY = "bookbridge_test_server"


@dataclass(frozen=True)
class Server:
    """Where tests get their databases: ``dsn`` to give orders at, ``template`` the name of what they copy."""

    dsn: str
    template: str


def database_url(dsn: str, name: str) -> str:
    """``dsn`` with another database name."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))


@contextmanager
def running_server() -> Iterator[Server]:
    """Start the server, if it is ours to start, and migrate a template database on it."""
    external = os.environ.get("BOOKBRIDGE_TEST_DATABASE_URL")
    if external:
        with _template_on(external) as prepared:
            yield prepared
        return
    _remove_abandoned()
    directory = Path(tempfile.mkdtemp(prefix=_DIRECTORY_PREFIX, dir=_roots()[0]))
    server = EmbeddedPostgres(directory / "postgres", durable=False)
    try:
        with _template_on(asyncio.run(server.start())) as prepared:
            yield prepared
    finally:
        asyncio.run(server.stop())
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def _template_on(dsn: str) -> Iterator[Server]:
    server = Server(dsn, f"bookbridge_template_{uuid.uuid4().hex}")
    try:
        asyncio.run(_create_template(server))
        yield server
    finally:
        asyncio.run(_execute(dsn, f'DROP DATABASE IF EXISTS "{server.template}" WITH (FORCE)'))


async def _create_template(server: Server) -> None:
    await _execute(server.dsn, f'CREATE DATABASE "{server.template}"')
    template = database_url(server.dsn, server.template)
    await migrate(template)
    await jobs.install(template)


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _roots() -> list[Path]:
    """Where test servers may live, best first: in memory if it fits, as a database is hundreds of files."""
    roots = [Path(tempfile.gettempdir())]
    memory = Path("/dev/shm")
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > MEMORY_FREE_MIN_BYTES:
        roots.insert(0, memory)
    return roots


def _remove_abandoned() -> None:
    """Delete what test runs that were killed left behind; their servers ended with them."""
    for root in _roots():
        for directory in root.glob(_DIRECTORY_PREFIX + "*"):
            with suppress(OSError):
                if time.time() - directory.stat().st_mtime > ABANDONED_AFTER_S:
                    shutil.rmtree(directory, ignore_errors=True)


# Under xdist, in the controller: what ends with the run.
_until_the_end = ExitStack()
_shared: list[Server] = []


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node) -> None:
    """xdist, in the controller: tell a new worker where the server is; the first one gets it started."""
    if not _shared:
        _shared.append(_until_the_end.enter_context(running_server()))
    node.workerinput[_SERVER_KEY] = asdict(_shared[0])


def pytest_configure() -> None:
    """Log lines with plain tracebacks: drawing those with all variables takes seconds each."""
    renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.processors.add_log_level, renderer])


def pytest_unconfigure() -> None:
    _until_the_end.close()


@pytest.fixture(scope="session")
def database_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The server of this run. Nobody may connect to its template: one that is in use cannot be copied."""
    given = getattr(request.config, "workerinput", {}).get(_SERVER_KEY)
    if given:
        yield Server(**given)
        return
    with running_server() as server:
        yield server


@pytest.fixture
async def dsn(database_server: Server) -> AsyncIterator[str]:
    """The asyncpg URL of this test's own database: migrated, empty, dropped afterwards."""
    name = f"t_{uuid.uuid4().hex}"
    # Copying files beats logging every page by ten to one when nothing must survive a crash.
    copy = f'CREATE DATABASE "{name}" TEMPLATE "{database_server.template}" STRATEGY file_copy'
    await _execute(database_server.dsn, copy)
    try:
        yield database_url(database_server.dsn, name)
    finally:
        await _execute(database_server.dsn, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
async def pool(dsn: str) -> AsyncIterator[asyncpg.Pool]:
    """A pool on this test's own database."""
    pool = await open_pool(dsn, max_size=POOL_SIZE_MAX)
    yield pool
    # Not close(): a test that failed may still hold a connection.
    pool.terminate()
