"""Files beside documents, bank transactions and contacts at Xero: upload, look-up, list, download; and documents as
Xero prints them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import quote

from bookbridge.accounting.attachments import Attachment
from bookbridge.connectors.kit.connector import AttachmentRule
from bookbridge.connectors.kit.errors import NotSupported, RecordNotFound, Uncertain, VendorUnavailable
from bookbridge.connectors.kit.session import File, Intent, Written
from bookbridge.connectors.kit.streams import Streamed
from bookbridge.connectors.xero import payloads
from bookbridge.connectors.xero.client import Client, decode

PDF = "application/pdf"

ATTACHMENT_SIZE_MAX_BYTES = 4 * 1024 * 1024
"""What the contract states for this platform; Xero itself takes more."""

_EXTENSIONS = """
    7z bmp csv doc docx eml gif jpeg jpg keynote msg numbers odf ods odt pages pdf png ppt pptx rar rtf
    tif tiff txt xls xlsx zip
"""

_LISTS = {
    "bills": "Invoices",
    "invoices": "Invoices",
    "directCosts": "BankTransactions",
    "directIncomes": "BankTransactions",
    "billCreditNotes": "CreditNotes",
    "transfers": "BankTransfers",
    "suppliers": "Contacts",
    "customers": "Contacts",
}

_TAKING = ("bills", "invoices", "billCreditNotes", "directCosts", "directIncomes", "transfers")

ATTACHMENT_RULES = tuple(
    AttachmentRule(data_type, _LISTS[data_type], ATTACHMENT_SIZE_MAX_BYTES, frozenset(_EXTENSIONS.split()))
    for data_type in _TAKING
)


def _path(data_type: str, record_id: str) -> str:
    if data_type not in _LISTS:
        raise NotSupported(f"Xero keeps no files beside {data_type}.")
    return f"{_LISTS[data_type]}/{quote(record_id, safe='')}/Attachments"


async def attach(client: Client, data_type: str, record_id: str, file: File, intent: Intent) -> Written:
    """Upload a file under its name; it does not go out with the document. Raises Uncertain like any write."""
    answer = await client.call(
        "PUT",
        f"{_path(data_type, record_id)}/{quote(file.name, safe='')}",
        effect=True,
        params={"IncludeOnline": "false"},
        headers={"Content-Type": file.content_type, "Idempotency-Key": intent.key},
        content=file.content,
    )
    rows = decode(answer, "Attachments", payloads.Attachment, effect=True)
    if not rows.payloads:
        raise Uncertain("Xero answered an upload without naming the attachment.")
    return Written(record_id, attachment_id=rows.payloads[0].attachment_id)


async def find(client: Client, data_type: str, record_id: str, file: File) -> Written | None:
    """The upload of this file, told by name and size; None if it is not there."""
    for one in await _listed(client, data_type, record_id):
        if one.file_name == file.name and one.content_length == file.size_bytes:
            return Written(record_id, attachment_id=one.attachment_id)
    return None


async def listed(client: Client, data_type: str, record_id: str) -> list[Attachment]:
    """The files attached to a record. Xero tells no dates of them."""
    return [
        Attachment(
            id=one.attachment_id,
            name=one.file_name,
            content_type=one.mime_type,
            file_size=one.content_length,
            include_when_sent=one.include_online or False,
        )
        for one in await _listed(client, data_type, record_id)
    ]


async def download(client: Client, data_type: str, record_id: str, attachment_id: str) -> File:
    """One attached file. Raises RecordNotFound when the record has no such attachment."""
    for one in await _listed(client, data_type, record_id):
        if one.attachment_id.lower() == attachment_id.lower():
            break
    else:
        raise RecordNotFound("The record has no such attachment.")
    # Xero answers with the file only to the file's own media type.
    media_type = one.mime_type or "application/octet-stream"
    path = f"{_path(data_type, record_id)}/{quote(one.attachment_id, safe='')}"

    async def pieces() -> AsyncIterator[bytes]:
        async with client.stream(path, headers={"Accept": media_type}) as content:
            async for chunk in content:
                yield chunk

    content = Streamed(pieces, one.content_length)
    return File(name=one.file_name or one.attachment_id, content_type=media_type, content=content)


async def printed(client: Client, data_type: str, record_id: str) -> File:
    """The invoice as a PDF. Raises NotSupported for other records: Xero prints what goes out to customers."""
    if data_type != "invoices":
        raise NotSupported(f"Xero does not print {data_type}.")
    answer = await client.call("GET", f"Invoices/{quote(record_id, safe='')}", headers={"Accept": PDF})
    if answer.media_type != PDF:
        raise VendorUnavailable(f"Xero answered with {answer.media_type or 'nothing'} instead of a PDF.")
    return File(name=f"{record_id}.pdf", content_type=PDF, content=answer.body)


async def _listed(client: Client, data_type: str, record_id: str) -> list[payloads.Attachment]:
    rows = await client.rows(_path(data_type, record_id), payloads.Attachment)
    return rows.payloads
