"""How much of a list is read and kept: what the settings say of a data type, as one dataset takes it with it.

Two reads of the same extent add up, so the second may be incremental; after another extent everything is read anew.
Nothing is read or stored here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from bookbridge.store.pool import Db
from bookbridge.sync import settings, supplements
from bookbridge.sync.supplements import Supplement


@dataclass(frozen=True)
class Extent:
    """What a read is to bring."""

    name: str
    """The same words for the same settings; empty for everything as it is."""
    read_from: datetime | None
    """Records that changed before this are not kept; None: all are."""
    supplement: Supplement | None = None
    """What is added to each record."""


async def of(db: Db | asyncpg.Pool, company_id: UUID, integration_key: str, data_type: str, now: datetime) -> Extent:
    """The extent of a read of the data type that begins now."""
    setting = (await settings.effective(db, company_id)).of(data_type)
    supplement = await supplements.of(db, integration_key, data_type)
    words = [setting.window_words, f"supplemental data {supplement.fingerprint}" if supplement else ""]
    return Extent("; ".join(filter(None, words)), setting.window_start(now), supplement)
