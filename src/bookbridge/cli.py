"""The command line: `bookbridge up` serves everything; the rest is for operators.

It starts and stops processes and prints what a person needs next. What the processes do is composed in `app`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn

import asyncpg
import httpx2
import structlog
import typer
import uvicorn
import uvloop
from pydantic import ValidationError
from rich.console import Console

from bookbridge import app as composition
from bookbridge import metrics
from bookbridge.api.http_protocol import server_config
from bookbridge.companies import vault
from bookbridge.companies.errors import CompaniesError
from bookbridge.emulators.sandboxes import SANDBOXES
from bookbridge.logs import configure_logging
from bookbridge.settings import Role, Settings, unknown_variables, variable
from bookbridge.store.embedded import EmbeddedPostgres
from bookbridge.store.errors import EmbeddedPostgresError, UnusableDatabaseError
from bookbridge.store.pool import open_pool
from bookbridge.supervisor import Child

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
console = Console(highlight=False)
complaints = Console(highlight=False, stderr=True)
"""Beside the log, where the reason for an end is looked for: that of a worker too, which has no terminal."""
log = structlog.get_logger(__name__)

READY_TIMEOUT_S = 60.0
PORT_FREE_TIMEOUT_S = 10.0

DataDir = Annotated[Path | None, typer.Option(help="Everything is kept here: database and secret keys.")]
DatabaseUrl = Annotated[str | None, typer.Option(help="PostgreSQL 15+; without it one is started and kept.")]


def main() -> None:
    """Entry point of the `bookbridge` command."""
    cli()


def _print_version(wanted: bool) -> None:
    if wanted:
        console.print(version("bookbridge"))
        raise typer.Exit


@cli.callback()
def bookbridge(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """One API to small businesses' books."""


@cli.command()
def up(
    host: Annotated[str | None, typer.Option(help="Address to listen on; else 127.0.0.1.")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on, else 8400; the sandbox takes the two after it.")
    ] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    role: Annotated[Role | None, typer.Option(help="What this process does.")] = None,
    emulators: Annotated[
        bool | None, typer.Option("--emulators/--no-emulators", help="Serve the vendor emulators as a sandbox.")
    ] = None,
) -> None:
    """Serve the API, Link, the Portal and the workers until interrupted.

    Without --data-dir everything is kept in ~/.local/share/bookbridge.

    Each option can be given in the environment too: --port as BOOKBRIDGE_PORT.
    """
    with _reported("Bookbridge could not start"):
        settings = _settings(
            host=host, port=port, data_dir=data_dir, database_url=database_url, role=role, emulators=emulators
        )
        uvloop.run(_up(settings))


@cli.command()
def rotate_secret_key(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Add a new secret key to the key file and seal every stored secret anew with it.

    With BOOKBRIDGE_SECRET_KEYS no key is added: put the new one first there.
    """
    with _reported("The secret key was not rotated"):
        settings = _settings(data_dir=data_dir, database_url=database_url)
        resealed = uvloop.run(_rotate(settings))
    where = "first key of BOOKBRIDGE_SECRET_KEYS" if settings.secret_keys else "new key"
    console.print(
        f"{resealed} secrets were sealed anew with the {where}. Running processes read their keys at their start.",
        soft_wrap=True,
    )


@contextlib.contextmanager
def _reported(what: str) -> Iterator[None]:
    """End with the message alone when the operator can mend it: a traceback would hide it."""
    try:
        yield
    except ValidationError as error:
        # Each option of the command line is a setting too, and is found under the setting's name.
        faults = "; ".join(f"{variable(*fault['loc'])}: {fault['msg']}" for fault in error.errors())
        _end(what, faults, error)
    except (
        OSError,
        RuntimeError,
        ValueError,
        asyncpg.PostgresError,
        CompaniesError,
        EmbeddedPostgresError,
        UnusableDatabaseError,
        vault.VaultError,
    ) as error:
        _end(what, str(error), error)


def _end(what: str, why: str, error: Exception) -> NoReturn:
    complaints.print(f"[red]{what}:[/red]", end=" ")
    complaints.print(why, markup=False, soft_wrap=True)
    raise SystemExit(1) from error


def _settings(**given: Any) -> Settings:
    """Settings from the environment, overruled by what the command line gave."""
    settings = Settings(**{name: value for name, value in given.items() if value is not None})
    if settings.port == 0:
        settings = settings.model_copy(update={"port": _free_port(settings.host)})
    if settings.role is not Role.ALL and given.get("emulators") is None and "BOOKBRIDGE_EMULATORS" not in os.environ:
        settings = settings.model_copy(update={"emulators": False})
    configure_logging(settings.log_level, as_json=settings.log_json)
    if unknown := unknown_variables(os.environ):
        log.warning("settings_unknown", names=unknown, do="correct or remove them; they change nothing")
    if settings.base_url is None and settings.role is not Role.WORKER and not _is_local(settings.host):
        log.warning(
            "base_url_not_set",
            links_begin_with=composition.base_url(settings),
            do=f"set {variable('base_url')} to the address at which customers' browsers reach this installation",
        )
    return settings


def _is_local(host: str) -> bool:
    return host in {"localhost", "::1"} or host.startswith("127.")


def _free_port(host: str) -> int:
    """A port that is free, with free ones for the emulators after it."""
    while True:
        with contextlib.ExitStack() as stack:
            first = stack.enter_context(socket.create_server((host, 0)))
            number: int = first.getsockname()[1]
            try:
                for place in range(len(SANDBOXES)):
                    stack.enter_context(socket.create_server(("127.0.0.1", number + 1 + place)))
            except OSError:
                continue
            return number


async def _up(settings: Settings) -> None:
    async with _database(settings) as dsn:
        api_key = await composition.prepare(settings, dsn)
        if settings.role is Role.WORKER:
            with metrics.served(settings.host, settings.metrics_port):
                await composition.run_worker(settings, dsn)
            return
        async with _children(settings, dsn), composition.open_rooms(settings, dsn) as rooms:
            await _serve(settings, await composition.api_server(rooms), api_key)


@contextlib.asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[str]:
    """The database's address; an embedded server is started and stopped with us."""
    if settings.database_url:
        yield settings.database_url.get_secret_value()
        return
    server = EmbeddedPostgres(settings.data_dir / "postgres")
    dsn = await server.start()
    try:
        yield dsn
    finally:
        await server.stop()


@contextlib.asynccontextmanager
async def _children(settings: Settings, dsn: str) -> AsyncIterator[None]:
    """The worker and the emulators, each in a process of its own: draining a backlog in the API's process would
    cost it a third of its requests or more."""
    children = []
    if settings.role is Role.ALL:
        children.append(_worker(settings, dsn))
    addresses = composition.emulator_addresses(settings)
    for sandbox in SANDBOXES:
        if sandbox.key in addresses:
            host, port = addresses[sandbox.key]
            arguments = [sys.executable, "-m", sandbox.module, "--host", host, "--port", str(port)]
            if sandbox.keeps_state:
                arguments += ["--state-dir", str(settings.data_dir / "sandboxes" / sandbox.key)]
            children.append(Child(sandbox.module, arguments, {}))
    try:
        await asyncio.gather(*(_is_free(host, port) for host, port in addresses.values()))
        await asyncio.gather(*(child.start() for child in children))
        await asyncio.gather(*(_accepts(host, port) for host, port in addresses.values()))
        yield
    finally:
        await asyncio.gather(*(child.stop() for child in children))


async def _is_free(host: str, port: int) -> None:
    """Wait until the port can be listened on: emulators whose parent was killed may still be on their way out. Raises
    RuntimeError after PORT_FREE_TIMEOUT_S; somebody else's server must not be taken for the sandbox."""
    deadline = time.monotonic() + PORT_FREE_TIMEOUT_S
    while True:
        try:
            socket.create_server((host, port)).close()
            return
        except OSError as error:
            if time.monotonic() > deadline:
                raise RuntimeError(
                    f"port {port}, which a sandbox needs, is taken; choose another --port or BOOKBRIDGE_EMULATOR_PORT, "
                    "or go without: --no-emulators"
                ) from error
        await asyncio.sleep(0.05)


async def _accepts(host: str, port: int) -> None:
    """Wait until something listens there. Raises RuntimeError after READY_TIMEOUT_S."""
    deadline = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
            return
        await asyncio.sleep(0.02)
    raise RuntimeError(f"the emulator at {host}:{port} did not start")


def _worker(settings: Settings, dsn: str) -> Child:
    environment = {
        "BOOKBRIDGE_DATABASE_URL": dsn,
        "BOOKBRIDGE_DATA_DIR": str(settings.data_dir),
        "BOOKBRIDGE_HOST": settings.host,
        "BOOKBRIDGE_PORT": str(settings.port),
        "BOOKBRIDGE_ROLE": Role.WORKER.value,
        "BOOKBRIDGE_EMULATORS": str(settings.emulators).lower(),
    }
    return Child("worker", [sys.executable, "-m", "bookbridge", "up"], environment)


async def _serve(settings: Settings, asgi: Any, api_key: str) -> None:
    """Serve until SIGTERM or SIGINT; print where, once everything answers."""
    config = server_config(asgi, host=settings.host, port=settings.port)
    server = uvicorn.Server(config)
    announcing = asyncio.create_task(_announce(settings, api_key))
    # When it has served its last caller, uvicorn raises the signal again: by default that would end us on the spot,
    # before refreshes of tokens have their answers, our children are stopped and the database is shut down.
    signal.signal(signal.SIGTERM, _ending_already)
    try:
        # A port that is taken ends the process there; below we say it in our words.
        with contextlib.suppress(SystemExit):
            await server.serve()
    finally:
        announcing.cancel()
    if not server.started:
        raise RuntimeError(f"the address {settings.host}:{settings.port} cannot be used; is it taken?")


def _ending_already(number: int, _frame: FrameType | None) -> None:
    log.info("stopping", signal=signal.Signals(number).name)


async def _announce(settings: Settings, api_key: str) -> None:
    url = composition.base_url(settings)
    local = f"http://{settings.host if settings.host not in {'0.0.0.0', '::'} else '127.0.0.1'}:{settings.port}"  # noqa: S104
    deadline = time.monotonic() + READY_TIMEOUT_S
    async with httpx2.AsyncClient(timeout=5.0) as http:
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx2.HTTPError):
                if (await http.get(f"{local}/health")).is_success:
                    break
            await asyncio.sleep(0.05)
        else:
            console.print("[yellow]Bookbridge serves, but not every part of it answers yet; see /health.[/yellow]")
    console.print("[bold green]Bookbridge is up.[/bold green] Ctrl-C stops it.")
    console.print(f"  API      {url}")
    console.print(f"  Portal   {url}/portal")
    console.print(f"  API key  {api_key}")
    for key, (host, port) in composition.emulator_addresses(settings).items():
        if not settings.vendor(key).client_id:
            console.print(f"  Sandbox  {key} is an emulator at http://{host}:{port}")


async def _rotate(settings: Settings) -> int:
    async with _database(settings) as dsn:
        await composition.prepare(settings, dsn)
        if not settings.secret_keys:
            vault.add_key(settings.data_dir / vault.KEYS_FILE)
        pool = await open_pool(dsn, max_size=2)
        try:
            return await vault.rotate(pool, composition.open_vault(settings), composition.SEALED_COLUMNS)
        finally:
            await pool.close()
