"""The floor: the least that could be called a sync. No mapping: raw JSON and four columns, one upsert a page.

Arguments: URL DSN PAGE_SIZE. Prints one JSON line.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import sys
import time
from urllib.parse import urlsplit

import asyncpg
import msgspec

from bench.peak import peak_bytes


class _Envelope(msgspec.Struct):
    Invoices: list[msgspec.Raw]


class _Keys(msgspec.Struct):
    InvoiceID: str
    Status: str
    Total: float
    UpdatedDateUTC: str


async def main(url: str, dsn: str, page_size: int) -> None:
    """Read all pages by number and upsert them raw."""
    db = await asyncpg.connect(dsn)
    await db.execute(
        "create table if not exists floor_invoices (id text primary key, status text, total numeric, updated text,"
        " body jsonb)"
    )
    await db.execute("create temp table landing (like floor_invoices)")
    started = time.perf_counter()
    http_connection = http.client.HTTPConnection(urlsplit(url).netloc)
    envelope, keys = msgspec.json.Decoder(_Envelope), msgspec.json.Decoder(_Keys)
    page = 1
    while True:
        http_connection.request("GET", f"/api.xro/2.0/Invoices?page={page}&pageSize={page_size}")
        raws = envelope.decode(http_connection.getresponse().read()).Invoices
        if not raws:
            break
        rows = []
        for raw in raws:
            record = keys.decode(raw)
            rows.append((record.InvoiceID, record.Status, record.Total, record.UpdatedDateUTC, bytes(raw).decode()))
        async with db.transaction():
            await db.copy_records_to_table("landing", records=rows)
            await db.execute(
                "insert into floor_invoices select * from landing on conflict (id) do update set body = excluded.body"
            )
            await db.execute("truncate landing")
        page += 1
    print(json.dumps({"seconds": time.perf_counter() - started, "peak_bytes": peak_bytes()}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
