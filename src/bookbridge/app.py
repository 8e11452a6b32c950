"""The composition root: settings and a database become the rooms, the API server and the worker.

The only module besides the command line that knows every room. It decides nothing that a room could decide.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from uuid import UUID

import asyncpg
import httpx2
import structlog
from litestar.types import ASGIApp

from bookbridge import jobs
from bookbridge.api.app import create_api
from bookbridge.api.services import Services
from bookbridge.companies import clients, link_attempts, vault
from bookbridge.companies.access_tokens import AccessTokens
from bookbridge.companies.connections import Connection
from bookbridge.companies.link import Link
from bookbridge.companies.link_codes import LinkCodes
from bookbridge.companies.sessions import Sessions
from bookbridge.companies.tokens import Tokens
from bookbridge.companies.vault import SealedColumn, Vault
from bookbridge.companies.vendor_apps import VendorApps
from bookbridge.companies.vendor_apps import faults as vendor_faults
from bookbridge.companies.views import Views
from bookbridge.connectors.kit import http as vendor_http
from bookbridge.connectors.kit.session import VendorApp
from bookbridge.connectors.registry import connector
from bookbridge.emulators.sandboxes import SANDBOXES
from bookbridge.jobs import budgets
from bookbridge.jobs.budgets import CallBudget
from bookbridge.portal.app import route_handlers
from bookbridge.portal.services import PortalServices
from bookbridge.products import read_events
from bookbridge.products.expenses import datasets
from bookbridge.products.expenses.accept import SYNC_TASK as EXPENSES_TASK
from bookbridge.products.expenses.run import Runner as ExpensesRunner
from bookbridge.push import idempotency
from bookbridge.push import pruning as writes
from bookbridge.push.doorbell import TIME_OUT_TASK, WRITE_TASK
from bookbridge.push.run import Runner as PushRunner
from bookbridge.push.settled import Settlements
from bookbridge.push.timeouts import Timeouts
from bookbridge.settings import Settings, variable
from bookbridge.store.migrations import migrate
from bookbridge.store.pool import Db, open_pool
from bookbridge.sync import keys, schedule
from bookbridge.sync import pruning as reads
from bookbridge.sync import queue as sync_queue
from bookbridge.sync.keys import KEYS_TASK, KeyWriter
from bookbridge.sync.runner import Runner as SyncRunner
from bookbridge.webhooks import alerts, consumers, pruning, rules
from bookbridge.webhooks.delivery import Deliverer, DeliverySettings

log = structlog.get_logger(__name__)

POOL_SIZE_MAX = 20
WEBHOOK_CONCURRENCY = 20
TIDY_EVERY_S = 600.0

SEALED_COLUMNS = (
    *vault.SEALED_COLUMNS,
    SealedColumn("webhook_consumers", ("id",), "secret", consumers.SECRET_CONTEXT),
)
"""Every sealed column of every room: what a rotation of the secret key re-seals."""


@dataclass(frozen=True)
class Rooms:
    """What the API, the pages and the worker of one process are built from."""

    settings: Settings
    pool: asyncpg.Pool
    http: httpx2.AsyncClient
    vault: Vault
    codes: LinkCodes
    views: Views
    apps: VendorApps
    tokens: Tokens
    sessions: Sessions
    link: Link
    call_budget: CallBudget
    settlements: Settlements


def base_url(settings: Settings) -> str:
    """The public address of this installation, without a slash at its end."""
    if settings.base_url is not None:
        return str(settings.base_url).rstrip("/")
    host = "127.0.0.1" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104 - compared, not bound
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def emulator_addresses(settings: Settings) -> dict[str, tuple[str, int]]:
    """Host and port of each sandbox's emulator, by integration key; empty when emulators are off."""
    if not settings.emulators:
        return {}
    first = settings.emulator_port or settings.port + 1
    return {sandbox.key: ("127.0.0.1", first + place) for place, sandbox in enumerate(SANDBOXES)}


def vendor_apps(settings: Settings) -> dict[str, VendorApp]:
    """Our registrations: the configured ones, and the sandbox's for integrations without one."""
    apps: dict[str, VendorApp] = {}
    for key, (host, port) in emulator_addresses(settings).items():
        sandbox = next(sandbox for sandbox in SANDBOXES if sandbox.key == key)
        apps[key] = VendorApp(
            client_id=sandbox.client_id,
            client_secret=sandbox.client_secret,
            endpoints=sandbox.endpoints(f"http://{host}:{port}"),
            options=settings.vendor(key).options,
        )
    for key, vendor in settings.vendors.items():
        if vendor.client_id:
            apps[key.lower()] = VendorApp(
                client_id=vendor.client_id,
                client_secret=vendor.client_secret.get_secret_value(),
                endpoints=vendor.endpoints,
                options=vendor.options,
            )
    return apps


def open_vault(settings: Settings) -> vault.Vault:
    """The installation's vault: with the configured keys, else with those of the key file."""
    return vault.open_vault(
        settings.data_dir, settings.secret_keys.get_secret_value() if settings.secret_keys else None
    )


def _check_vendors(settings: Settings) -> None:
    faults = [
        f"{variable('vendors', *where)}: {why}"
        for key, given in settings.vendors.items()
        for where, why in vendor_faults(key, given.endpoints, given.options)
    ]
    if faults:
        raise ValueError("; ".join(faults))


async def prepare(settings: Settings, dsn: str) -> str:
    """Bring the database up to date and make the client and its first API key; returns the oldest key. Raises
    ValueError, before anything is changed, for settings of vendors that would do nothing or fail later."""
    _check_vendors(settings)
    await migrate(dsn)
    await jobs.install(dsn)
    pool = await open_pool(dsn, max_size=2)
    try:
        first = settings.api_key.get_secret_value() if settings.api_key else None
        return await clients.ensure_client(pool, open_vault(settings), first)
    except vault.VaultError as error:
        keys = variable("secret_keys") if settings.secret_keys else f"the file {settings.data_dir / vault.KEYS_FILE}"
        raise vault.VaultError(
            f"What is stored was not sealed with the keys of {keys} ({error}). "
            "Give every process the keys that this database was made with; without them customers must link anew."
        ) from error
    finally:
        await pool.close()


@asynccontextmanager
async def open_rooms(settings: Settings, dsn: str) -> AsyncIterator[Rooms]:
    """Open what the rooms share on a prepared database, and close it again."""
    pool = await open_pool(dsn, max_size=POOL_SIZE_MAX)
    http = vendor_http.client()
    try:
        rooms = compose(settings, pool, http, open_vault(settings), Settlements(dsn, pool))
        try:
            yield rooms
        finally:
            # Callers have gone, refreshes have not: a vendor's answer that is cut off may be the end of a connection.
            await rooms.tokens.aclose()
            await rooms.call_budget.aclose()
            await rooms.settlements.aclose()
    finally:
        await http.aclose()
        await pool.close()


def compose(
    settings: Settings, pool: asyncpg.Pool, http: httpx2.AsyncClient, opened: Vault, settlements: Settlements
) -> Rooms:
    """Wire the rooms of one process."""
    codes = LinkCodes(opened)
    views = Views(base_url(settings), codes)
    apps = VendorApps(vendor_apps(settings))
    tokens = Tokens(pool, opened, http, apps, views)
    call_budget = CallBudget(pool)
    sessions = Sessions(http, apps, tokens, call_budget)
    link = Link(
        pool,
        opened,
        http,
        views=views,
        codes=codes,
        apps=apps,
        sessions=sessions,
        on_linked=schedule.on_linked,
    )
    return Rooms(settings, pool, http, opened, codes, views, apps, tokens, sessions, link, call_budget, settlements)


async def api_server(rooms: Rooms) -> ASGIApp:
    """The ASGI application of one process: the API, Link and the Portal. The database has been prepared."""
    private = rooms.settings.webhook_private_addresses
    async with rooms.pool.acquire() as db:
        client = await clients.client(db)
    services = Services(
        pool=rooms.pool,
        vault=rooms.vault,
        views=rooms.views,
        sessions=rooms.sessions,
        link=rooms.link,
        apps=rooms.apps,
        client_id=client.id,
        access_tokens=AccessTokens(rooms.vault),
        settlements=rooms.settlements,
        platform_wait_s=rooms.settings.platform_wait_s,
        private_webhook_addresses=private,
    )
    pages = route_handlers(
        PortalServices(
            pool=rooms.pool,
            vault=rooms.vault,
            views=rooms.views,
            codes=rooms.codes,
            link=rooms.link,
            sessions=rooms.sessions,
            apps=rooms.apps,
            sign_in_budget=rooms.call_budget,
            help_contact=rooms.settings.help_contact,
            private_webhook_addresses=private,
            api_key_deleted=services.key_cache.forget_all,
        )
    )
    return create_api(services, pages=pages)


def handlers(rooms: Rooms) -> tuple[Mapping[str, jobs.Handler], Mapping[str, jobs.Handler]]:
    """The handlers of the tasks: those that work on books, and those that tell callers."""
    expenses = ExpensesRunner(rooms.pool, rooms.views)
    push = PushRunner(
        rooms.pool,
        rooms.sessions,
        connector,
        rooms.views,
        on_written=_read_after_write,
        # What is called when a write has come to its end, in the transaction that says so: a line per product.
        on_settled=(expenses.settled,),
    )
    books: dict[str, jobs.Handler] = {
        sync_queue.SYNC_TASK: SyncRunner(
            rooms.pool,
            rooms.sessions,
            rooms.views,
            on_batch=(partial(read_events.batch_ended, rooms.views),),
        ).handle,
        KEYS_TASK: KeyWriter(rooms.pool).handle,
        WRITE_TASK: partial(_write_then_key, rooms.pool, push),
        EXPENSES_TASK: expenses.handle,
        TIME_OUT_TASK: Timeouts(rooms.pool, rooms.views).handler,
        schedule.REARRANGE_TASK: schedule.Rearranger(rooms.pool).handle,
    }
    delivery = DeliverySettings(private_addresses_allowed=rooms.settings.webhook_private_addresses)
    telling: dict[str, jobs.Handler] = {
        "webhooks.deliver": Deliverer(rooms.pool, open_=rooms.vault.open, settings=delivery),
        rules.ALERT_TASK: alerts.AlertSender(rooms.pool, partial(_identity, rooms), settings=delivery),
    }
    return books, telling


async def _identity(rooms: Rooms) -> alerts.Identity:
    """Who sends the alerts of rules."""
    async with rooms.pool.acquire() as db:
        client = await clients.client(db)
        header = await clients.alert_auth_header(db, rooms.vault)
    return alerts.Identity(client.id, client.profile.name, header)


async def _read_after_write(db: Db, connection: Connection, data_type: str) -> None:
    """Queue a read of the type that was written, unless one is under way."""
    if data_type in sync_queue.readable(connection):
        await sync_queue.queue_if_idle(db, connection, data_type)


async def _write_then_key(pool: asyncpg.Pool, push: PushRunner, key: str) -> float | None:
    """Carry out a connection's writes, and have queries find what was written: after the outcomes, for which people
    wait."""
    again_after_s = await push.handler(key)
    async with pool.acquire() as db:
        await keys.ring(db, UUID(key))
    return again_after_s


async def run_worker(settings: Settings, dsn: str) -> None:
    """Work off jobs until SIGTERM or SIGINT. Webhooks have places of their own: receivers that hang must not keep
    books from being read."""
    async with open_rooms(settings, dsn) as rooms:
        books, telling = handlers(rooms)
        periodic = [_tidying(rooms), schedule.queue_due_schedule(rooms.pool)]
        workers = [
            jobs.Worker(dsn, books, schedules=periodic, concurrency=settings.worker_concurrency),
            jobs.Worker(dsn, telling, schedules=[pruning.schedule(rooms.pool)], concurrency=WEBHOOK_CONCURRENCY),
        ]
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, _stop, workers)
        log.info("worker_started", concurrency=settings.worker_concurrency)
        running = [asyncio.create_task(worker.run()) for worker in workers]
        try:
            await asyncio.gather(*running)
        finally:
            # If one of them broke, the other one still ends in order, before what it uses is closed.
            _stop(workers)
            await asyncio.gather(*running, return_exceptions=True)
    log.info("worker_stopped")


def _stop(workers: Sequence[jobs.Worker]) -> None:
    for worker in workers:
        worker.stop()


def _tidying(rooms: Rooms) -> jobs.Schedule:
    """Forget what has expired: attempts to link, old reads and writes, idle budgets, expenses that nobody asked to be
    synced, and answers kept for repeated requests. Tell what nobody else will."""
    pool, writes_kept = rooms.pool, timedelta(days=rooms.settings.writes_kept_days)

    async def work() -> None:
        await link_attempts.prune(pool)
        await reads.prune(pool)
        await budgets.prune(pool)
        await alerts.prune(pool)
        async with pool.acquire() as db:
            await idempotency.prune(db)
        await writes.prune(pool, writes_kept)
        await datasets.prune(pool)
        await read_events.tell_left_over(pool, rooms.views)

    return jobs.Schedule("tidy", TIDY_EVERY_S, work)
