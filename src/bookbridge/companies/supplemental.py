"""Supplemental data as it is configured: more fields of a platform's own records than the contract has, by data type.

    {"Extra": {"dataSource": "/Contacts", "pullData": {"nickname": "FirstName"}, "pushData": {"nickname": "FirstName"}}}

What is read by it is `sync.supplements`' business, what is written `push.supplements`'.
"""

from __future__ import annotations

import asyncpg
import msgspec

from bookbridge.store.pool import Db


class Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One named group of fields from one list of the platform."""

    data_source: str = ""
    """A list of the platform, below its API address."""
    pull_data: dict[str, str] = {}
    """Your field, and the path of the platform's that is read into it."""
    push_data: dict[str, str] = {}
    """Your field, and the path of the platform's that it is written to when a record is created."""

    @property
    def list_path(self) -> str:
        """The list, as connectors name theirs, in lower case."""
        return self.data_source.strip().strip("/").casefold()


class Configuration(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is added to the records of a data type, by groups; empty: nothing."""

    supplemental_data_config: dict[str, Part] = {}
    """The groups of fields, by your names for them."""


async def configured(db: Db | asyncpg.Pool, integration_key: str, data_type: str) -> Configuration:
    """What was configured; empty for nothing."""
    text = await db.fetchval(
        "select configuration from supplemental_data where integration_key = $1 and data_type = $2",
        integration_key,
        data_type,
    )
    return Configuration() if text is None else msgspec.json.decode(text, type=Configuration)


async def keep(db: Db, integration_key: str, data_type: str, given: Configuration) -> None:
    """Keep a configuration in place of an earlier one; an empty one removes it."""
    if not given.supplemental_data_config:
        await db.execute(
            "delete from supplemental_data where integration_key = $1 and data_type = $2", integration_key, data_type
        )
        return
    await db.execute(
        """insert into supplemental_data (integration_key, data_type, configuration) values ($1, $2, $3)
        on conflict (integration_key, data_type) do update set configuration = excluded.configuration""",
        integration_key,
        data_type,
        msgspec.json.encode(given).decode(),
    )
