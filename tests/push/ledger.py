"""A small accounting system over real HTTP, as unhelpful as allowed: it honours no idempotency key.

Whatever is sent twice is there twice, so a double write cannot hide. Effects happen before the answer is delayed, so
that a client which dies while it waits has written. `faults` are used up by the next writes, one each.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 429: "Slow", 503: "Unavailable"}


class Drop(Exception):
    """Close the connection without an answer."""


@dataclass
class Ledger:
    """`records[kind][id]` is what the ledger holds; `writes` counts requests that asked for an effect."""

    url: str = ""
    records: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    files: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    read_faults: list[str] = field(default_factory=list)
    answer_delay_s: float = 0.0
    writes: int = 0
    reads: int = 0
    in_flight: int = 0
    in_flight_most: int = 0
    bearers: list[str] = field(default_factory=list)

    async def start(self) -> asyncio.Server:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return server

    def all(self, kind: str) -> list[dict[str, Any]]:
        return list(self.records.get(kind, {}).values())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            request, *lines = head.split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            method, address, _ = request.split(" ")
            self.in_flight += 1
            self.in_flight_most = max(self.in_flight, self.in_flight_most)
            try:
                status, answer = await self._answer(method, address, body)
            finally:
                self.in_flight -= 1
            content = json.dumps(answer).encode()
            extra = "retry-after: 1\r\n" if status == 429 else ""
            writer.write(
                f"HTTP/1.1 {status} {REASONS[status]}\r\ncontent-type: application/json\r\n{extra}"
                f"content-length: {len(content)}\r\nconnection: close\r\n\r\n".encode()
                + content
            )
            await writer.drain()
        except (Drop, ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(self, method: str, address: str, body: bytes) -> tuple[int, Any]:
        parts = urlsplit(address)
        path = [unquote(part) for part in parts.path.strip("/").split("/")]
        if method == "GET":
            self.reads += 1
            if self.read_faults:
                return _refusal(self.read_faults.pop(0))
            return self._read(path, dict(parse_qsl(parts.query)))
        self.writes += 1
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "drop_before":
            raise Drop
        if fault and fault != "drop_after":
            return _refusal(fault)
        status, answer = self._write(method, path, body)
        if fault == "drop_after":
            raise Drop
        await asyncio.sleep(self.answer_delay_s)
        return status, answer

    def _read(self, path: list[str], query: dict[str, str]) -> tuple[int, Any]:
        held = self.records.get(path[0], {})
        if len(path) == 3:
            return 200, self.files.get(path[1], [])
        if len(path) == 2:
            return (200, held[path[1]]) if path[1] in held else (404, {})
        return 200, [one for one in held.values() if all(str(one.get(name)) == value for name, value in query.items())]

    def _write(self, method: str, path: list[str], body: bytes) -> tuple[int, Any]:
        held = self.records.setdefault(path[0], {})
        if len(path) == 4:
            stored = {"id": str(uuid.uuid4()), "name": path[3], "size": len(body)}
            self.files.setdefault(path[1], []).append(stored)
            return 200, stored
        if method == "POST":
            record = {**json.loads(body), "id": str(uuid.uuid4()), "updated": _now()}
            held[record["id"]] = record
            return 200, record
        if path[1] not in held:
            return 404, {}
        if method == "DELETE":
            return 200, held.pop(path[1])
        held[path[1]] = {**held[path[1]], **json.loads(body), "updated": _now()}
        return 200, held[path[1]]


def _refusal(fault: str) -> tuple[int, Any]:
    return int(fault), {"field": "reference", "message": "The reference is taken."} if fault == "400" else {}


def _now() -> str:
    return datetime.now(UTC).isoformat()
