"""Records that do not exist yet: where an id is expected, the pushOperationKey of an earlier write may stand.

A payment can so be submitted right after its bill, before the bill has an id. Writes of a connection leave in the
order of acceptance, so the earlier write has come to its end when the later one's turn comes: its key is replaced by
the id of the record that it made, or the later write fails and says why. Keys of other connections name nothing.

Only ids are looked at: those within the body (`supplierRef.id`, `lines[0].links[0].id`, `accountId`), and the one in
the address.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from bookbridge.connectors.kit.connector import Operation as Kind
from bookbridge.push import bodies
from bookbridge.push.operations import Stage
from bookbridge.store.pool import Db

NAMES_MAX: Final = 5_000
"""Ids of one body that are looked at."""

_KEY = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_encode = msgspec.json.Encoder(decimal_format="number").encode


@dataclass(frozen=True)
class NamedWrite:
    """An earlier write of the same connection, as far as one that names it must know."""

    id: UUID
    data_type: str
    kind: Kind
    stage: Stage
    record_id: str | None
    """The record that it made or changed; None unless it succeeded."""

    @property
    def problem(self) -> str | None:
        """Why nothing can refer to its record; None while that is possible."""
        if self.kind is Kind.DELETE:
            return f"the write {self.id} deletes its record"
        if self.stage is Stage.DONE and self.record_id is None:
            return f"the write {self.id}, whose record is meant, did not succeed"
        return None

    @property
    def is_open(self) -> bool:
        """Whether its record is still to be made."""
        return self.stage is not Stage.DONE


def names(content: Any) -> dict[str, str]:
    """Every id in a body that could be an operation's key, in lower case, by its path; at most NAMES_MAX."""
    places = islice(_places(content, ""), NAMES_MAX)
    return {path: str(holder[name]).lower() for path, holder, name in places}


async def named_writes(
    db: Db | asyncpg.Pool, company_id: UUID, connection_id: UUID, ids: Iterable[str]
) -> dict[str, NamedWrite]:
    """The writes of a connection among the ids, by their key in lower case."""
    wanted = {UUID(one) for one in ids if _KEY.fullmatch(one)}
    if not wanted:
        return {}
    rows = await db.fetch(
        """select id, data_type, kind, stage, result_record_id from push_operations
        where company_id = $1 and id = any($2::uuid[]) and connection_id = $3""",
        company_id,
        list(wanted),
        connection_id,
    )
    return {
        str(row["id"]): NamedWrite(
            row["id"], row["data_type"], Kind(row["kind"]), Stage(row["stage"]), row["result_record_id"]
        )
        for row in rows
    }


def replaced(body: str, writes: Mapping[str, NamedWrite]) -> str:
    """The body with the id of each named write's record in place of its key."""
    content = bodies.parse(body.encode())
    for _, holder, name in list(_places(content, "")):
        write = writes.get(holder[name].lower())
        if write is not None and write.record_id is not None:
            holder[name] = write.record_id
    return _encode(content).decode()


def _places(content: Any, prefix: str) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Each place of an id that could be a key: path, the object, and the name within it. Not the record's own id."""
    if isinstance(content, dict):
        for name, value in content.items():
            path = f"{prefix}{name}"
            if isinstance(value, str):
                named = (name == "id" and prefix) or name.endswith("Id")
                if named and _KEY.fullmatch(value):
                    yield path, content, name
            else:
                yield from _places(value, f"{path}.")
    elif isinstance(content, Sequence) and not isinstance(content, str | bytes):
        for place, entry in enumerate(content):
            yield from _places(entry, f"{prefix[:-1]}[{place}].")
