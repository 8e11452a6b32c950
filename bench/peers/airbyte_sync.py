"""A low-code source of airbyte-cdk, read by its own command line, with the least that could be called a destination.

Airbyte's own destination for PostgreSQL runs on its platform only. So what the source emits is loaded here: raw JSON
and the id, copied and upserted a thousand at a time. That is less work than any destination does (no columns, no
types), and what it writes says nothing about Airbyte. Memory counts the source alone.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.peers import parts

STREAM = "invoices"
BATCH = 1_000
FORMAT = "%Y-%m-%dT%H:%M:%S"
SINCE = f"{{{{ format_datetime(stream_interval['start_time'] | int, '{FORMAT}', '%ms') }}}}"
CURSOR = {
    "type": "DatetimeBasedCursor",
    "cursor_field": "updated_ms",
    "datetime_format": "%ms",
    "start_datetime": {"type": "MinMaxDatetime", "datetime": "1500000000000", "datetime_format": "%ms"},
}
MILLISECONDS = {
    "type": "AddFields",
    "fields": [
        {"type": "AddedFieldDefinition", "path": ["updated_ms"], "value": "{{ record['UpdatedDateUTC'][6:19] }}"}
    ],
}


def manifest(url: str, page_size: int, changes: bool) -> dict[str, Any]:
    """The source: pages by number."""
    requester: dict[str, Any] = {"type": "HttpRequester", "url_base": url, "path": "/api.xro/2.0/Invoices"}
    parameter = {"type": "RequestOption", "inject_into": "request_parameter"}
    stream: dict[str, Any] = {
        "type": "DeclarativeStream",
        "name": STREAM,
        "primary_key": ["InvoiceID"],
        "schema_loader": {"type": "InlineSchemaLoader", "schema": {"type": "object", "properties": {}}},
        "retriever": {
            "type": "SimpleRetriever",
            "requester": requester,
            "record_selector": {
                "type": "RecordSelector",
                "extractor": {"type": "DpathExtractor", "field_path": ["Invoices"]},
            },
            "paginator": {
                "type": "DefaultPaginator",
                "page_token_option": {**parameter, "field_name": "page"},
                "page_size_option": {**parameter, "field_name": "pageSize"},
                "pagination_strategy": {
                    "type": "PageIncrement",
                    "page_size": page_size,
                    "start_from_page": 1,
                    "inject_on_first_request": True,
                },
            },
        },
    }
    if changes:
        requester["request_headers"] = {"If-Modified-Since": SINCE}
        stream |= {"incremental_sync": CURSOR, "transformations": [MILLISECONDS]}
    check = {"type": "CheckStream", "stream_names": [STREAM]}
    spec = {"type": "Spec", "connection_specification": {"type": "object", "properties": {}}}
    return {"version": "7.0.0", "type": "DeclarativeSource", "check": check, "spec": spec, "streams": [stream]}


def read(*arguments: str) -> None:
    """The source's own command line: messages to standard output."""
    from airbyte_cdk.cli.source_declarative_manifest import run

    parts.wait_for_word()
    sys.argv[1:] = ["read", *arguments]
    run()


def rows(messages: Iterator[bytes], state: Path) -> Iterator[tuple[str, str]]:
    """Ids and raw JSON of the emitted records; the last state is kept."""
    import orjson

    last: dict[str, Any] | None = None
    for message in messages:
        told = orjson.loads(message)
        if told["type"] == "RECORD":
            record = told["record"]["data"]
            yield record["InvoiceID"], orjson.dumps(record).decode()
        elif told["type"] == "STATE":
            last = told["state"]
        elif told["type"] == "TRACE" and told["trace"]["type"] == "ERROR":
            raise RuntimeError(told["trace"]["error"]["message"])
    if last is not None:
        state.write_text(json.dumps([last]))


def load(found: Iterator[tuple[str, str]], dsn: str) -> None:
    """Upsert all, a batch at a time."""
    import itertools

    import psycopg

    with psycopg.connect(dsn) as db:
        db.execute("create table if not exists airbyte_invoices (id text primary key, body jsonb)")
        db.execute("create temp table landing (n serial, id text, body jsonb)")
        while batch := list(itertools.islice(found, BATCH)):
            with db.cursor().copy("copy landing (id, body) from stdin") as copy:
                for row in batch:
                    copy.write_row(row)
            db.execute(
                "insert into airbyte_invoices select distinct on (id) id, body from landing order by id, n desc"
                " on conflict (id) do update set body = excluded.body"
            )
            db.execute("truncate landing")
            db.commit()


def main(url: str, dsn: str, page_size: int, folder: Path, changes: bool) -> None:
    """Read and load once."""
    import psycopg  # noqa: F401 - imports are not counted

    state = folder / "state.json"
    config, catalog = folder / "config.json", folder / "catalog.json"
    config.write_text(json.dumps({"__injected_declarative_manifest": manifest(url, page_size, changes)}))
    mode = "incremental" if changes else "full_refresh"
    stream = {"name": STREAM, "json_schema": {}, "supported_sync_modes": [mode], "source_defined_primary_key": []}
    chosen = {"stream": stream, "sync_mode": mode, "destination_sync_mode": "append_dedup"}
    catalog.write_text(json.dumps({"streams": [chosen]}))
    arguments = ["--config", str(config), "--catalog", str(catalog)]
    if changes and state.exists():
        arguments += ["--state", str(state)]
    source = parts.spawn("read", folder, *arguments, stdout=subprocess.PIPE)
    assert source.process.stdout is not None
    started = parts.release([source])
    load(rows(iter(source.process.stdout), state), dsn)
    peak_bytes = source.ended()
    print(json.dumps({"seconds": time.perf_counter() - started, "peak_bytes": peak_bytes}))


if __name__ == "__main__":
    if sys.argv[1] == "read":
        read(*sys.argv[2:])
    else:
        main(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]), sys.argv[5:] == ["changes"])
