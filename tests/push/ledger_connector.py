"""The connector to the test ledger: the smallest whole one, built on the kit like any vendor's."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import httpx2

from bookbridge.accounting.attachments import Attachment
from bookbridge.accounting.dates import contract_datetime
from bookbridge.accounting.records import Record
from bookbridge.accounting.types.bills import BILLS, Bill
from bookbridge.accounting.types.suppliers import SUPPLIERS, Supplier, SupplierStatus
from bookbridge.companies.connections import Connection
from bookbridge.companies.credentials import Sealed
from bookbridge.connectors.kit import http
from bookbridge.connectors.kit.auth import CredentialForm
from bookbridge.connectors.kit.connector import (
    AttachmentRule,
    Choice,
    Connector,
    Facts,
    Limits,
    Operation,
    Write,
)
from bookbridge.connectors.kit.errors import (
    FieldProblem,
    NeedsRelink,
    NotSupported,
    RecordNotFound,
    Rejected,
    VendorError,
)
from bookbridge.connectors.kit.session import Access, File, Intent, Reread, VendorApp, Written
from bookbridge.connectors.kit.streams import Content

ATTACHMENT_SIZE_MAX_BYTES = 1000
CLOCK_TOLERANCE = timedelta(minutes=2)


def supplier_payload(supplier: Supplier, facts: Facts) -> dict[str, Any]:
    return {"name": supplier.supplier_name, "phone": supplier.phone}


def bill_payload(bill: Bill, facts: Facts) -> dict[str, Any]:
    return {"reference": bill.reference, "total": str(bill.total_amount)}


def at_most_two_lines(bill: Bill) -> list[FieldProblem]:
    return [] if len(bill.line_items) <= 2 else [FieldProblem("lineItems", "At most two lines.")]


SUPPLIER_FIELDS = ("supplierName", "phone", "status")
WRITES: tuple[Write[Any], ...] = (
    Write(SUPPLIERS, Operation.CREATE, "suppliers", supplier_payload, SUPPLIER_FIELDS, ("supplierName",)),
    Write(SUPPLIERS, Operation.UPDATE, "suppliers", supplier_payload, SUPPLIER_FIELDS, ("supplierName",)),
    Write(
        BILLS,
        Operation.CREATE,
        "bills",
        bill_payload,
        fields=(
            "reference",
            "issueDate",
            "dueDate",
            "status",
            "currency",
            "supplierRef.id",
            "lineItems.description",
            "lineItems.quantity",
            "lineItems.unitAmount",
            "lineItems.subTotal",
            "lineItems.taxAmount",
            "lineItems.accountRef.id",
        ),
        required=("reference", "supplierRef.id", "lineItems.description"),
        choices={
            "status": Choice(values=("Open", "Draft")),
            "supplierRef.id": Choice(records_of="suppliers"),
            "lineItems.accountRef.id": Choice(records_of="chartOfAccounts"),
        },
        length_max={"reference": 20, "lineItems.description": 40},
        check=at_most_two_lines,
    ),
    Write(BILLS, Operation.DELETE, "bills", bill_payload, ()),
)


def meaning(answer: http.Answer, effect: bool) -> VendorError:
    if answer.status == 400:
        refusal = json.loads(answer.body)
        return Rejected(refusal["message"], (FieldProblem(refusal["field"], refusal["message"]),))
    if answer.status == 401:
        return NeedsRelink("The access was taken back.")
    return http.usual_meaning(answer, effect)


class LedgerSession:
    """The kit's Session, as far as writes go."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self.url = access.app.endpoints["api"]

    async def call(
        self,
        method: str,
        path: str,
        *,
        effect: bool = False,
        content: Content | None = None,
        params: dict[str, str] | None = None,
    ) -> Any:
        url = f"{self.url}/{path}"
        answer = await http.call(
            self.access, method, url, effect=effect, meaning=meaning, content=content, params=params
        )
        return json.loads(answer.body)

    async def write(
        self, write: Write[Any], record: Record | None, intent: Intent, *, record_id: str | None = None
    ) -> Written:
        methods = {Operation.CREATE: "POST", Operation.UPDATE: "PUT", Operation.DELETE: "DELETE"}
        path = write.path if record_id is None else f"{write.path}/{record_id}"
        content = None if record is None else json.dumps(write.shape(record, self.access.facts)).encode()
        return written(write, await self.call(methods[write.operation], path, effect=True, content=content))

    async def find(
        self, write: Write[Any], record: Record | None, intent: Intent, *, record_id: str | None = None
    ) -> Written | None:
        if record_id is not None:
            return await self._find_changed(write, record, intent, record_id)
        assert record is not None
        payload = write.shape(record, self.access.facts)
        name = "name" if write.data_type is SUPPLIERS else "reference"
        found = await self.call("GET", write.path, params={name: payload[name]})
        earliest = intent.recorded_at - CLOCK_TOLERANCE
        ours = [
            one
            for one in found
            if datetime.fromisoformat(one["updated"]) >= earliest and one["id"] not in intent.claimed
        ]
        return written(write, ours[0]) if ours else None

    async def _find_changed(
        self, write: Write[Any], record: Record | None, intent: Intent, record_id: str
    ) -> Written | None:
        try:
            found = await self.call("GET", f"{write.path}/{record_id}")
        except RecordNotFound:
            return Written(record_id) if record is None else None
        if record is None or datetime.fromisoformat(found["updated"]) < intent.recorded_at:
            return None
        return written(write, found)

    async def record(self, data_type: str, record_id: str) -> Reread | None:
        if data_type != SUPPLIERS.key:
            raise NotSupported("The test ledger gives single suppliers only.")
        try:
            return reread(await self.call("GET", f"{data_type}/{record_id}"))
        except RecordNotFound:
            return None

    async def attach(self, data_type: str, record_id: str, file: File, intent: Intent) -> Written:
        path = f"{data_type}/{record_id}/attachments/{file.name}"
        stored = await self.call("POST", path, effect=True, content=file.content)
        return Written(record_id, attachment_id=stored["id"])

    async def find_attachment(self, data_type: str, record_id: str, file: File, intent: Intent) -> Written | None:
        for stored in await self.call("GET", f"{data_type}/{record_id}/attachments"):
            equal = (stored["name"], stored["size"]) == (file.name, file.size_bytes)
            if equal and stored["id"] not in intent.claimed:
                return Written(record_id, attachment_id=stored["id"])
        return None

    def pages(self, source: Any, *, since: datetime | None, cursor: str | None) -> AsyncIterator[Any]:
        raise NotSupported("The test ledger lists nothing.")

    async def count(self, source: Any) -> int | None:
        return None

    async def attachments(self, data_type: str, record_id: str) -> list[Attachment]:
        return []

    async def download(self, data_type: str, record_id: str, attachment_id: str) -> File:
        raise NotSupported("The test ledger gives no files back.")

    async def disconnect(self) -> None:
        return None


def written(write: Write[Any], found: dict[str, Any]) -> Written:
    """The write's effect; suppliers come back as records to be kept."""
    if write.data_type is not SUPPLIERS:
        return Written(found["id"])
    return Written(found["id"], (reread(found),))


def reread(found: dict[str, Any]) -> Reread:
    """A supplier of the ledger as a record."""
    record = Supplier(
        id=found["id"],
        supplier_name=found["name"],
        phone=found.get("phone"),
        status=SupplierStatus.ACTIVE,
        source_modified_date=contract_datetime(datetime.fromisoformat(found["updated"])),
    )
    return Reread("suppliers", "suppliers", record, json.dumps(found).encode())


async def no_organisations(access: Access) -> list[Any]:
    return []


async def identify(access: Access) -> Any:
    raise NotSupported("The test ledger has no name.")


CONNECTOR = Connector(
    key="ledger",
    auth=CredentialForm(()),
    endpoints={},
    limits=Limits(()),
    reads=(),
    writes=WRITES,
    open=LedgerSession,
    organisations=no_organisations,
    attachments=(AttachmentRule("bills", "bills", ATTACHMENT_SIZE_MAX_BYTES, frozenset({"pdf", "png"})),),
    **({"identify": identify} if "identify" in Connector.__dataclass_fields__ else {}),
)


class NoAuthorization:
    async def headers(self) -> Mapping[str, str]:
        return {}

    async def renew(self, rejected: Mapping[str, str]) -> bool:
        return False

    async def credential(self, name: str) -> str | None:
        return None


class NoBudget:
    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[None]:
        yield

    async def block(self, retry_after_s: float) -> None:
        return None

    async def observe(self, window_s: int, remaining: int) -> None:
        return None


class LedgerSessions:
    """Opens sessions on the ledger at `url`; what `companies.sessions.Sessions` is in the installation."""

    def __init__(self, client: httpx2.AsyncClient, url: str) -> None:
        self._access = Access(
            http=client,
            app=VendorApp("", "", {"api": url}),
            authorizer=NoAuthorization(),
            budget=NoBudget(),
            facts={},
        )

    @asynccontextmanager
    async def open(self, connection: Connection, just_read: Sealed | None = None) -> AsyncIterator[LedgerSession]:
        yield LedgerSession(self._access)
