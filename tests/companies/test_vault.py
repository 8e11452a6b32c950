from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from pydantic import SecretStr

from bookbridge import app as composition
from bookbridge.companies import clients, credentials
from bookbridge.companies import vault as vaults
from bookbridge.companies.connections import Connection
from bookbridge.companies.credentials import Grant
from bookbridge.companies.vault import Vault, VaultError, new_key
from bookbridge.settings import Settings
from tests.companies.conftest import vault_of


def test_what_is_sealed_opens_again_and_only_in_its_context() -> None:
    vault = vault_of(new_key("k1"))
    sealed = vault.seal(b"secret", "connection:1")
    assert b"secret" not in sealed
    assert vault.open(sealed, "connection:1") == b"secret"
    with pytest.raises(VaultError):
        vault.open(sealed, "connection:2")


def test_two_seals_of_one_secret_differ() -> None:
    vault = vault_of(new_key("k1"))
    assert vault.seal(b"x", "c") != vault.seal(b"x", "c")


@pytest.mark.parametrize("damage", [b"", b"\x01", b"\x02\x02k1" + bytes(40), b"\x01\x02k9" + bytes(40)])
def test_nonsense_does_not_open(damage: bytes) -> None:
    with pytest.raises(VaultError):
        vault_of(new_key("k1")).open(damage, "c")


def test_every_changed_byte_is_noticed() -> None:
    vault = vault_of(new_key("k1"))
    sealed = vault.seal(b"secret", "c")
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(VaultError):
            vault.open(bytes(changed), "c")


def test_the_first_key_is_active_and_the_others_still_open() -> None:
    old, new = new_key("old"), new_key("new")
    sealed = vault_of(old).seal(b"x", "c")
    ring = vault_of(new, old)
    assert ring.open(sealed, "c") == b"x"
    assert not ring.is_active(sealed)
    assert ring.is_active(ring.seal(b"x", "c"))


def test_no_secret_in_the_repr() -> None:
    key = new_key("k1")
    assert key.key not in repr(vault_of(key))
    assert key.key not in repr(key)


@pytest.mark.parametrize("text", ["", "k1", "k1:short", "k1:%%", "a b:" + "A" * 44, f"k:{'A' * 43}=,k:{'A' * 43}="])
def test_a_bad_ring_is_refused(text: str) -> None:
    with pytest.raises(VaultError):
        vaults.from_text(text)


def test_the_key_file_is_made_once_and_private(tmp_path: Path) -> None:
    first = vaults.open_vault(tmp_path)
    path = tmp_path / vaults.KEYS_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    sealed = first.seal(b"x", "c")
    assert vaults.open_vault(tmp_path).open(sealed, "c") == b"x"
    assert os.listdir(tmp_path) == [vaults.KEYS_FILE]
    path.chmod(0o644)
    with pytest.raises(VaultError, match="owner"):
        vaults.open_vault(tmp_path)


def test_processes_that_start_together_get_one_key(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from bookbridge.companies.vault import open_vault;"
        "print(open_vault(Path(sys.argv[1])).derive('x')[0].hex())"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE) for _ in range(4)
    ]
    assert len({process.communicate(timeout=60)[0] for process in running}) == 1


def test_a_key_can_be_added_to_the_file(tmp_path: Path) -> None:
    sealed = vaults.open_vault(tmp_path).seal(b"x", "c")
    assert vaults.add_key(tmp_path / vaults.KEYS_FILE) == "k2"
    ring = vaults.open_vault(tmp_path)
    assert ring.active == "k2"
    assert ring.open(sealed, "c") == b"x"


def test_no_key_is_added_to_a_full_ring(tmp_path: Path) -> None:
    vaults.open_vault(tmp_path)
    for _ in range(vaults.KEYS_MAX - 1):
        vaults.add_key(tmp_path / vaults.KEYS_FILE)
    with pytest.raises(VaultError, match="take the oldest"):
        vaults.add_key(tmp_path / vaults.KEYS_FILE)
    vaults.open_vault(tmp_path)


def test_configured_keys_are_used_instead_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = new_key("own")
    monkeypatch.setenv("BOOKBRIDGE_SECRET_KEYS", f"{key.id}:{key.key}")
    assert composition.open_vault(Settings(data_dir=tmp_path)).active == "own"
    assert not os.listdir(tmp_path)


async def test_keys_that_are_not_those_of_the_database_are_told_of(dsn: str, tmp_path: Path) -> None:
    await composition.prepare(Settings(data_dir=tmp_path / "own"), dsn)
    await composition.prepare(Settings(data_dir=tmp_path / "own"), dsn)
    with pytest.raises(VaultError, match=r"elsewhere/secrets.json \(.*Give every process the keys"):
        await composition.prepare(Settings(data_dir=tmp_path / "elsewhere"), dsn)
    key = new_key("k1")
    with pytest.raises(VaultError, match="keys of BOOKBRIDGE_SECRET_KEYS"):
        await composition.prepare(Settings(data_dir=tmp_path, secret_keys=SecretStr(f"{key.id}:{key.key}")), dsn)


async def test_rotation_reseals_everything_and_loses_nothing(
    pool: asyncpg.Pool, vault: Vault, connection: Connection
) -> None:
    key = await clients.ensure_client(pool, vault)
    async with pool.acquire() as db, db.transaction():
        await credentials.store(db, vault, connection.company_id, connection.id, Grant("a", "r"), None)
    active = new_key("k2")
    old = dict(vault._keys)
    ring = Vault("k2", {"k2": vault_of(active)._keys["k2"], **old})
    assert await vaults.rotate(pool, ring) == 2
    assert await vaults.rotate(pool, ring) == 0
    alone = vault_of(active)
    async with pool.acquire() as db:
        stored = await credentials.load(db, alone, connection.company_id, connection.id)
        assert stored is not None
        assert stored.current == Grant("a", "r")
        assert [each.key for each in await clients.keys(db, alone)] == [key]


async def test_rotation_beside_writers_loses_no_write(pool: asyncpg.Pool, vault: Vault, connection: Connection) -> None:
    ring = Vault("k2", {"k2": vault_of(new_key("k2"))._keys["k2"], **vault._keys})

    async def write() -> None:
        for number in range(30):
            async with pool.acquire() as db, db.transaction():
                await credentials.store(db, vault, connection.company_id, connection.id, Grant(f"a{number}", "r"), None)

    async def rotate() -> None:
        for _ in range(30):
            await vaults.rotate(pool, ring)

    await asyncio.gather(write(), rotate())
    async with pool.acquire() as db:
        stored = await credentials.load(db, ring, connection.company_id, connection.id)
    assert stored is not None
    assert stored.current == Grant("a29", "r")
