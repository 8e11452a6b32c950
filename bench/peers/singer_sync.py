"""A tap made with singer-sdk, piped into meltanolabs-target-postgres with COPY on (its faster way): two processes."""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.peers import parts

STREAM = "invoices"


def tap(url: str, page_size: str, state: str, changes: str) -> None:
    """Write the list to standard output, pages by number."""
    import requests
    from singer_sdk import RESTStream, Tap
    from singer_sdk import typing as th
    from singer_sdk.pagination import BasePageNumberPaginator
    from singer_sdk.streams.rest import HTTPRequest, PageContext

    line = th.ObjectType(
        *(th.Property(name, th.StringType) for name in ("LineItemID", "Description", "TaxType", "AccountCode")),
        *(th.Property(name, th.NumberType) for name in ("UnitAmount", "TaxAmount", "LineAmount", "Quantity")),
        th.Property("AccountID", th.StringType),
        th.Property("Tracking", th.ArrayType(th.ObjectType())),
    )
    texts = ("InvoiceID", "Type", "InvoiceNumber", "Date", "DueDate", "Status", "LineAmountTypes", "CurrencyCode")
    amounts = ("AmountDue", "AmountPaid", "AmountCredited", "CurrencyRate", "SubTotal", "TotalTax", "Total")

    class Pages(BasePageNumberPaginator):
        def has_more(self, response: requests.Response) -> bool:
            pagination = response.json()["pagination"]
            return bool(pagination["page"] < pagination["pageCount"])

    class Invoices(RESTStream[int]):
        name = STREAM
        path = "/api.xro/2.0/Invoices"
        url_base = url
        records_jsonpath = "$.Invoices[*]"
        primary_keys = ("InvoiceID",)
        replication_key = "UpdatedDateUTC" if changes else None
        schema = th.PropertiesList(
            *(th.Property(name, th.StringType) for name in texts),
            *(th.Property(name, th.NumberType) for name in amounts),
            th.Property("HasAttachments", th.BooleanType),
            th.Property("UpdatedDateUTC", th.DateTimeType if changes else th.StringType),
            th.Property("Contact", th.ObjectType(additional_properties=True)),
            th.Property("LineItems", th.ArrayType(line)),
            th.Property("Payments", th.ArrayType(th.ObjectType())),
            th.Property("CreditNotes", th.ArrayType(th.ObjectType())),
        ).to_dict()

        def get_new_paginator(self) -> Pages:
            return Pages(start_value=1)

        def get_url_params(self, context: object, next_page_token: int | None) -> dict[str, object]:
            return {"page": next_page_token, "pageSize": page_size}

        def get_http_request(self, *, page: PageContext) -> HTTPRequest:
            request = super().get_http_request(page=page)
            if changes and (since := self.get_starting_timestamp(page.stream_context)):
                request.headers["If-Modified-Since"] = since.strftime("%Y-%m-%dT%H:%M:%S")
            return request

        def post_process(self, row: dict[str, object], context: object = None) -> dict[str, object]:
            if changes:
                milliseconds = int(str(row["UpdatedDateUTC"])[6:19])
                row["UpdatedDateUTC"] = datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat()
            return row

    class Bench(Tap):
        name = "tap-bench"
        config_jsonschema = th.PropertiesList().to_dict()

        def discover_streams(self) -> list[RESTStream[int]]:
            return [Invoices(tap=self)]

    parts.wait_for_word()
    known = json.loads(Path(state).read_text()) if changes and Path(state).exists() else None
    Bench(config={}, state=known).sync_all()


def target(dsn: str) -> None:
    """Load standard input. Prints the states that it has loaded up to."""
    from target_postgres.target import TargetPostgres

    parts.wait_for_word()
    config = {"sqlalchemy_url": dsn.replace("postgresql://", "postgresql+psycopg://", 1), "use_copy": True}
    TargetPostgres(config=config).listen()


def main(url: str, dsn: str, page_size: str, folder: Path, changes: str) -> None:
    """Run tap and target once."""
    state = folder / "state.json"
    read, write = os.pipe()
    with (folder / "states").open("w+b") as states:
        both = [
            parts.spawn("tap", folder, url, page_size, str(state), changes, stdout=write),
            parts.spawn("target", folder, dsn, stdin=read, stdout=states),
        ]
        os.close(read)
        os.close(write)
        started = parts.release(both)
        peaks = [part.ended() for part in both]
        seconds = time.perf_counter() - started
        states.seek(0)
        if loaded := states.read().splitlines():
            state.write_bytes(loaded[-1])
    print(json.dumps({"seconds": seconds, "peak_bytes": sum(peaks)}))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["tap", url, page_size, state, changes]:
            tap(url, page_size, state, changes)
        case ["target", dsn]:
            target(dsn)
        case [url, dsn, page_size, folder, *rest]:
            main(url, dsn, page_size, Path(folder), "changes" if rest else "")
