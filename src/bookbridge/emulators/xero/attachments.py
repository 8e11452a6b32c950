"""Attachments and history notes of records.

It must not interpret a file's content: bytes go in and come out unchanged.
"""

from __future__ import annotations

import mimetypes
import re
from typing import Any

from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.http import Request, Response, json_response
from bookbridge.emulators.xero.lists import Envelope
from bookbridge.emulators.xero.records import Attachment
from bookbridge.emulators.xero.resources import Resource
from bookbridge.emulators.xero.settings import MAX_ATTACHMENTS_PER_RECORD
from bookbridge.emulators.xero.wire import (
    ApiFailure,
    Fields,
    not_found,
    not_implemented,
    read_elements,
    validation_response,
    wire_moment,
)

MAX_FILE_NAME_CHARS = 255
_BAD_NAME = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_GENERIC_TYPE = "application/octet-stream"


def _refuse(message: str) -> ApiFailure:
    return ApiFailure(validation_response([{"ValidationErrors": [{"Message": message}]}]))


def attachments(
    book: Book, resource: Resource, record: Any, request: Request, envelope: Envelope, rest: tuple[str, ...]
) -> Response:
    """GET the list or one file's bytes, PUT or POST one file. Raises ApiFailure."""
    record_id = resource.table(book).id_of(record)
    kept = book.attachments.get(record_id, ())
    if not rest:
        if request.method != "GET":
            raise not_implemented()
        shown = [_shown(resource, record_id, entry, request) for entry in kept]
        return json_response(envelope.wrap("Attachments", shown))
    if request.method == "GET":
        return _download(kept, rest[0])
    if request.method not in {"PUT", "POST"}:
        raise not_implemented()
    entry = _store(book, record_id, kept, rest[0], request)
    if not getattr(record, "has_attachments", True):
        book.change(resource.table(book), record, has_attachments=True)
    book.effects["PUT Attachments"] = book.effects.get("PUT Attachments", 0) + 1
    return json_response(envelope.wrap("Attachments", [_shown(resource, record_id, entry, request)]))


def _shown(resource: Resource, record_id: str, entry: Attachment, request: Request) -> dict[str, Any]:
    url = f"{request.base_url}/api.xro/2.0/{resource.name}/{record_id}/Attachments/{entry.file_name}"
    return {
        "AttachmentID": entry.attachment_id,
        "FileName": entry.file_name,
        "Url": url,
        "MimeType": entry.mime_type,
        "ContentLength": len(entry.content),
        "IncludeOnline": entry.include_online,
    }


def _download(kept: tuple[Attachment, ...], key: str) -> Response:
    for entry in kept:
        if key.lower() == entry.attachment_id or key == entry.file_name:
            return Response(headers={"content-type": entry.mime_type}, body=entry.content)
    raise not_found()


def _store(book: Book, record_id: str, kept: tuple[Attachment, ...], file_name: str, request: Request) -> Attachment:
    if not request.body:
        raise _refuse("The attachment is empty")
    if len(file_name) > MAX_FILE_NAME_CHARS or _BAD_NAME.search(file_name):
        raise _refuse("The file name is not valid")
    same = next((entry for entry in kept if entry.file_name == file_name), None)
    if same is None and len(kept) >= MAX_ATTACHMENTS_PER_RECORD:
        raise _refuse(f"A maximum of {MAX_ATTACHMENTS_PER_RECORD} attachments are allowed per document")
    entry = Attachment(
        attachment_id=same.attachment_id if same is not None else book.new_id(),
        file_name=file_name,
        mime_type=_mime_type(file_name, request),
        content=request.body,
        include_online=request.flag("IncludeOnline"),
    )
    book.attachments[record_id] = (*(other for other in kept if other is not same), entry)
    return entry


def _mime_type(file_name: str, request: Request) -> str:
    """The type that the client names; where it names none, the one that the file's name stands for."""
    named = request.headers.get("content-type", "").split(";")[0].strip()
    if named and named != _GENERIC_TYPE:
        return named
    return mimetypes.guess_type(file_name)[0] or _GENERIC_TYPE


def history(book: Book, resource: Resource, record: Any, request: Request, envelope: Envelope) -> Response:
    """GET a record's history, or PUT a note onto it."""
    record_id = resource.table(book).id_of(record)
    if request.method == "PUT":
        with book.attempt():
            for fields in read_elements(request, "HistoryRecords", "HistoryRecord"):
                book.note(record_id, "Note", _details(fields), "API")
    elif request.method != "GET":
        raise not_implemented()
    notes = [
        {
            "Changes": note.changes,
            "DateUTC": wire_moment(note.date_utc),
            "User": note.user,
            "Details": note.details,
        }
        for note in book.history.get(record_id, [])
    ]
    return json_response(envelope.wrap("HistoryRecords", notes))


def _details(fields: Fields) -> str:
    return fields.text("Details", limit=2_500) or ""
