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
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from bookbridge import jobs
from bookbridge.store.embedded import EmbeddedPostgres
from bookbridge.store.migrations import migrate
from bookbridge.store.pool import open_pool

POOL_SIZE_MAX = 5
MEMORY_FREE_MIN_BYTES = 2 * 1024**3
ABANDONED_AFTER_S = 6 * 3600
_DIRECTORY_PREFIX = "bookbridge-tests-"
_SERVER_KEY = "bookbridge_template_dsn"


def database_url(dsn: str, name: str) -> str:
    """``dsn`` with another database name."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))


def database_name(dsn: str) -> str:
    return urlsplit(dsn).path.lstrip("/")


@contextmanager
def migrated_template() -> Iterator[str]:
    """Start the server, if it is ours to start, and migrate a template database; yields the URL of that."""
    external = os.environ.get("BOOKBRIDGE_TEST_DATABASE_URL")
    if external:
        with _template_on(external) as template:
            yield template
        return
    _remove_abandoned()
    directory = Path(tempfile.mkdtemp(prefix=_DIRECTORY_PREFIX, dir=_roots()[0]))
    server = EmbeddedPostgres(directory / "postgres", durable=False)
    try:
        with _template_on(asyncio.run(server.start())) as template:
            yield template
    finally:
        asyncio.run(server.stop())
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def _template_on(server_dsn: str) -> Iterator[str]:
    name = f"bookbridge_template_{uuid.uuid4().hex}"
    template = database_url(server_dsn, name)
    asyncio.run(_create_template(server_dsn, template))
    try:
        yield template
    finally:
        asyncio.run(_execute(server_dsn, f'DROP DATABASE "{name}" WITH (FORCE)'))


async def _create_template(server_dsn: str, template: str) -> None:
    await _execute(server_dsn, f'CREATE DATABASE "{database_name(template)}"')
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


class _ControllerServer:
    """The server that an xdist controller keeps for its workers, from the first one to the end of the run."""

    def __init__(self) -> None:
        self._open: AbstractContextManager[str] | None = None
        self._template = ""

    def template(self) -> str:
        if self._open is None:
            self._open = migrated_template()
            self._template = self._open.__enter__()
        return self._template

    def close(self) -> None:
        if self._open is not None:
            self._open.__exit__(None, None, None)
            self._open = None


_controller_server = _ControllerServer()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node) -> None:
    """xdist, in the controller: tell a new worker where the server is."""
    node.workerinput[_SERVER_KEY] = _controller_server.template()


def pytest_unconfigure() -> None:
    _controller_server.close()


@pytest.fixture(scope="session")
def template_dsn(request: pytest.FixtureRequest) -> Iterator[str]:
    """The migrated template. Copy it, never connect to it: only a database that nobody uses can be copied."""
    given = getattr(request.config, "workerinput", {}).get(_SERVER_KEY)
    if given:
        yield given
        return
    with migrated_template() as template:
        yield template


@pytest.fixture
async def dsn(template_dsn: str) -> AsyncIterator[str]:
    """The asyncpg URL of this test's own database: migrated, empty, dropped afterwards."""
    name = f"t_{uuid.uuid4().hex}"
    server = database_url(template_dsn, "postgres")
    # Copying files beats logging every page by ten to one when nothing must survive a crash.
    copy = f'CREATE DATABASE "{name}" TEMPLATE "{database_name(template_dsn)}" STRATEGY file_copy'
    await _execute(server, copy)
    yield database_url(template_dsn, name)
    await _execute(server, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
async def pool(dsn: str) -> AsyncIterator[asyncpg.Pool]:
    """A pool on this test's own database."""
    pool = await open_pool(dsn, max_size=POOL_SIZE_MAX)
    yield pool
    # Not close(): a test that failed may still hold a connection.
    pool.terminate()
