"""Seals secrets for the database: AES-256-GCM under a ring of keys, the first of which is active.

A sealed value is bound to a context (such as `connection:<id>`): moved to another row, it does not open.
Layout: one version byte, one byte length of the key id, the key id, 12 bytes nonce, ciphertext with tag.
This module must never log, and must not know what the secrets mean.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEYS_FILE = "secrets.json"
KEYS_FILE_MODE = 0o600
KEY_SIZE_BYTES = 32
KEYS_MAX = 16
NONCE_SIZE_BYTES = 12
SECRET_SIZE_MAX_BYTES = 1024 * 1024
ROTATION_BATCH_ROWS = 200

_VERSION = 1
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")


class VaultError(Exception):
    """A key ring that cannot be used, or a sealed value that does not open here. Holds no secret."""


class SecretKey(msgspec.Struct, frozen=True):
    """One key of the ring: its id, which travels with each ciphertext, and 32 bytes in base64."""

    id: str
    key: str

    def __repr__(self) -> str:
        return f"SecretKey({self.id!r})"


class _KeysFile(msgspec.Struct, frozen=True):
    keys: list[SecretKey]


@dataclass(frozen=True)
class SealedColumn:
    """A column that holds sealed values, for rotation. `key` are the columns that find a row; `context` is
    the template of the sealing context over those columns (`connection:{connection_id}`)."""

    table: str
    key: tuple[str, ...]
    column: str
    context: str


SEALED_COLUMNS = (
    SealedColumn("credentials", ("company_id", "connection_id"), "sealed_current", "connection:{connection_id}"),
    SealedColumn("credentials", ("company_id", "connection_id"), "sealed_previous", "connection:{connection_id}"),
    SealedColumn("link_attempts", ("company_id", "connection_id", "id"), "sealed_verifier", "link-attempt:{id}"),
    SealedColumn("link_attempts", ("company_id", "connection_id", "id"), "sealed_grant", "link-attempt:{id}"),
    SealedColumn("api_keys", ("id",), "sealed_key", "api-key:{id}"),
    SealedColumn("client", ("id",), "sealed_alert_auth_header", "alert-auth-header:{id}"),
)
"""This room's own; other rooms' columns are passed to `rotate` by whoever knows both."""


@dataclass(frozen=True, repr=False)
class Vault:
    """The key ring. Immutable; safe to share between tasks and threads."""

    active: str
    _keys: dict[str, bytes] = field(repr=False)

    def __repr__(self) -> str:
        return f"Vault(active={self.active!r}, keys={sorted(self._keys)})"

    def seal(self, secret: bytes, context: str) -> bytes:
        """The secret under the active key, bound to the context. Raises VaultError above
        SECRET_SIZE_MAX_BYTES."""
        if len(secret) > SECRET_SIZE_MAX_BYTES:
            raise VaultError(f"a secret may have at most {SECRET_SIZE_MAX_BYTES} bytes")
        header = self._active_header()
        nonce = os.urandom(NONCE_SIZE_BYTES)
        sealed = AESGCM(self._keys[self.active]).encrypt(nonce, secret, header + context.encode())
        return header + nonce + sealed

    def open(self, sealed: bytes, context: str) -> bytes:
        """The secret. Raises VaultError when its key is not on the ring or the context does not match."""
        if len(sealed) < 2 or sealed[0] != _VERSION:
            raise VaultError("not a sealed value of a known version")
        end = 2 + sealed[1]
        key_id = sealed[2:end].decode("ascii", "replace")
        key = self._keys.get(key_id)
        if key is None:
            raise VaultError(f"the key {key_id!r} is not on the key ring")
        nonce, text = sealed[end : end + NONCE_SIZE_BYTES], sealed[end + NONCE_SIZE_BYTES :]
        try:
            return AESGCM(key).decrypt(nonce, text, sealed[:end] + context.encode())
        except (InvalidTag, ValueError):
            raise VaultError("the sealed value does not open: wrong key, wrong context, or damaged") from None

    def derive(self, purpose: str) -> tuple[bytes, ...]:
        """32-byte keys for another use, one for each key of the ring, the active one first."""
        order = [self.active, *(key_id for key_id in self._keys if key_id != self.active)]
        return tuple(
            HKDF(algorithm=SHA256(), length=KEY_SIZE_BYTES, salt=None, info=purpose.encode()).derive(self._keys[key_id])
            for key_id in order
        )

    def is_active(self, sealed: bytes) -> bool:
        """Whether the value is sealed under the active key."""
        return sealed.startswith(self._active_header())

    def _active_header(self) -> bytes:
        return bytes((_VERSION, len(self.active))) + self.active.encode()


def from_text(text: str) -> Vault:
    """A vault from `id:base64,id:base64,…`, the first being active. Raises VaultError."""
    keys = []
    for part in text.split(","):
        key_id, separator, key = part.strip().partition(":")
        if not separator:
            raise VaultError("secret keys are written as id:base64,id:base64,…")
        keys.append(SecretKey(key_id, key))
    return _vault(keys)


def from_file(path: Path) -> Vault:
    """A vault from a key file; the file is created with one new key, readable by its owner only, when absent.
    Raises VaultError for content that is not a key file, and OSError when it cannot be read or written."""
    if not path.exists():
        _create_keys_file(path)
    if path.stat().st_mode & 0o077:
        raise VaultError(f"{path} must be readable by its owner only (chmod 600)")
    try:
        keys = msgspec.json.decode(path.read_bytes(), type=_KeysFile).keys
    except msgspec.DecodeError:
        raise VaultError(f"{path} is not a key file") from None
    return _vault(keys)


def open_vault(data_dir: Path, keys: str | None = None) -> Vault:
    """The installation's vault: from `keys` (the text of BOOKBRIDGE_SECRET_KEYS) if given, else from the
    key file in `data_dir`."""
    return from_text(keys) if keys else from_file(data_dir / KEYS_FILE)


async def rotate(pool: asyncpg.Pool, vault: Vault, columns: Sequence[SealedColumn] = SEALED_COLUMNS) -> int:
    """Re-seal under the active key whatever is sealed under another; returns how many values were.

    Runs beside normal work, in small transactions; may be cut off and run again. When it has returned, and
    every process has the new ring, keys other than the active one may be taken off the ring.
    """
    return sum([await _rotate_column(pool, vault, column) for column in columns])


async def _rotate_column(pool: asyncpg.Pool, vault: Vault, column: SealedColumn) -> int:
    header = vault._active_header()
    # Names come from SealedColumn rows in our own source, never from input.
    select = (
        f"select {', '.join(column.key)}, {column.column} as sealed from {column.table} "  # noqa: S608
        f"where {column.column} is not null and substring({column.column} from 1 for $1) <> $2 "
        f"limit {ROTATION_BATCH_ROWS} for update"
    )
    where = " and ".join(f"{name} = ${place}" for place, name in enumerate(column.key, start=2))
    update = f"update {column.table} set {column.column} = $1 where {where}"  # noqa: S608
    total = 0
    while True:
        async with pool.acquire() as db, db.transaction():
            rows: list[Any] = await db.fetch(select, len(header), header)
            for row in rows:
                found = {name: row[name] for name in column.key}
                context = column.context.format(**found)
                resealed = vault.seal(vault.open(row["sealed"], context), context)
                await db.execute(update, resealed, *found.values())
        total += len(rows)
        if len(rows) < ROTATION_BATCH_ROWS:
            return total


def new_key_id(taken: Sequence[str] = ()) -> str:
    """An id that no key of the ring has."""
    number = 1
    while f"k{number}" in taken:
        number += 1
    return f"k{number}"


def new_key(key_id: str) -> SecretKey:
    """A fresh random key."""
    return SecretKey(key_id, base64.b64encode(secrets.token_bytes(KEY_SIZE_BYTES)).decode())


def add_key(path: Path) -> str:
    """Put a fresh active key in front of the key file's ring; returns its id. Raises VaultError, OSError."""
    vault = from_file(path)
    keys = msgspec.json.decode(path.read_bytes(), type=_KeysFile).keys
    if len(keys) >= KEYS_MAX:
        raise VaultError(f"{path} has {len(keys)} keys already; take the oldest, at its end, off first")
    fresh = new_key(new_key_id(list(vault._keys)))
    _write_keys_file(path.with_suffix(".new"), [fresh, *keys])
    path.with_suffix(".new").replace(path)
    return fresh.id


def _create_keys_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    _write_keys_file(fresh, [new_key(new_key_id())])
    try:
        # A link, not a rename: of two processes starting at once, the second must not replace the first's.
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def _write_keys_file(path: Path, keys: list[SecretKey]) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, KEYS_FILE_MODE)
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(_KeysFile(keys)), indent=2) + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _vault(keys: Sequence[SecretKey]) -> Vault:
    if not 1 <= len(keys) <= KEYS_MAX:
        raise VaultError(f"a key ring has 1 to {KEYS_MAX} keys")
    ring: dict[str, bytes] = {}
    for key in keys:
        if not _KEY_ID.fullmatch(key.id) or key.id in ring:
            raise VaultError("key ids are unique and have 1 to 32 letters, digits, - or _")
        try:
            ring[key.id] = base64.b64decode(key.key, validate=True)
        except (binascii.Error, ValueError):
            raise VaultError(f"the key {key.id!r} is not base64") from None
        if len(ring[key.id]) != KEY_SIZE_BYTES:
            raise VaultError(f"the key {key.id!r} must have {KEY_SIZE_BYTES} bytes")
    return Vault(keys[0].id, ring)
