"""Answering PUT, POST and DELETE: elements of a body one by one, errors collected, all or nothing.

By default one bad element refuses the whole request and nothing is kept; with ``summarizeErrors=false``
good elements are kept and each carries its own status. It must not know any one resource's rules.
"""

from __future__ import annotations

from typing import Any

from bookbridge.emulators.xero import allocations, reference, render_documents, render_reference
from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.http import Request, Response, json_response
from bookbridge.emulators.xero.lists import Envelope, shape_of
from bookbridge.emulators.xero.records import Credit, TrackingCategory, TrackingOption
from bookbridge.emulators.xero.resources import Resource
from bookbridge.emulators.xero.shapes import Shape
from bookbridge.emulators.xero.units import rounded
from bookbridge.emulators.xero.wire import (
    ApiFailure,
    Fields,
    ValidationFailed,
    bad_body,
    not_found,
    not_implemented,
    read_elements,
    validation_response,
)

MAX_ELEMENTS = 500
"""Elements in one request; the vendor advises about 50."""


class _Refused(Exception):
    """Unwinds an attempt whose request is refused as a whole."""


def write_records(
    book: Book, resource: Resource, request: Request, envelope: Envelope, record_id: str | None = None
) -> Response:
    """Create (PUT) or create-or-update (POST) the elements of a body. Raises ApiFailure."""
    elements = read_elements(request, resource.name, resource.singular)
    if len(elements) > MAX_ELEMENTS:
        raise bad_body(f"At most {MAX_ELEMENTS} elements may be posted at once")
    if resource.one_at_a_time:
        elements = elements[:1]
    if record_id is not None and len(elements) != 1:
        raise bad_body("One element is expected when the path names a record")
    summarize = request.flag("summarizeErrors", default=True)
    shape = shape_of(request, full=True)
    answers: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    try:
        with book.attempt():
            for fields in elements:
                try:
                    with book.attempt():
                        exact = rounded(fields, shape.unit_decimals)
                        record = _write_one(book, resource, request.method, exact, record_id)
                    shown = resource.render(book, record, shape)
                    answers.append(shown if summarize else {**shown, "StatusAttributeString": "OK"})
                except ValidationFailed as failure:
                    echo = _echo(fields, failure)
                    failed.append(echo)
                    answers.append({**echo, "StatusAttributeString": "ERROR"})
            if failed and summarize:
                raise _Refused
    except _Refused:
        return validation_response(failed)
    done = len(answers) - len(failed)
    effect = f"{request.method} {resource.name}"
    book.effects[effect] = book.effects.get(effect, 0) + done
    return json_response(envelope.wrap(resource.name, answers))


def _echo(fields: Fields, failure: ValidationFailed) -> dict[str, Any]:
    return {
        **fields.raw,
        "HasErrors": True,
        "ValidationErrors": [{"Message": message} for message in failure.messages],
    }


def _write_one(book: Book, resource: Resource, method: str, fields: Fields, record_id: str | None) -> Any:
    table = resource.table(book)
    existing = None
    if record_id is not None:
        existing = table.find(record_id)
        if existing is None:
            raise not_found()
    elif method == "POST":
        existing = _named_record(resource, table, fields)
    if existing is None:
        if resource.create is None:
            raise not_implemented()
        if method == "POST" and not resource.created_by_post:
            raise ValidationFailed(f"{resource.singular}ID must be specified")
        return resource.create(book, fields)
    if resource.update is None:
        raise not_implemented()
    resource.update(book, existing, fields)
    return existing


def _named_record(resource: Resource, table: Any, fields: Fields) -> Any:
    """The existing record that an element means by its id, or by its number where numbers are unique."""
    id_name = "TaxType" if resource.name == "TaxRates" else f"{resource.singular}ID"
    key = fields.guid(id_name)
    if key:
        found = table.get(key)
        if found is None:
            raise ValidationFailed(f"The {resource.singular} could not be found")
        return found
    for name in ("Code", "ContactNumber", "PurchaseOrderNumber"):
        number = fields.text(name) if resource.name not in {"BatchPayments", "Payments"} else None
        if number and (found := table.by_number(number)) is not None:
            return found
    if resource.name == "Invoices" and (fields.text("Type") or "").upper() == "ACCREC":
        number = fields.text("InvoiceNumber")
        found = table.by_number(number) if number else None
        if found is not None and found.type == "ACCREC":
            return found
    return None


def delete_record(book: Book, resource: Resource, record: Any, envelope: Envelope) -> Response:
    """Delete a record where the vendor allows it. Raises ApiFailure (501) where it does not."""
    if resource.delete is None:
        raise not_implemented()
    try:
        with book.attempt():
            resource.delete(book, record)
    except ValidationFailed as failure:
        raise ApiFailure(validation_response([_echo(Fields({}), failure)])) from None
    book.effects[f"DELETE {resource.name}"] = book.effects.get(f"DELETE {resource.name}", 0) + 1
    if resource.name == "Items":
        return Response(status=204)
    shown = resource.render(book, record, Shape())
    if resource.name == "TrackingCategories":
        shown["Status"] = "DELETED"
    return json_response(envelope.wrap(resource.name, [shown]))


# -- allocations ----------------------------------------------------------------------------------


def write_allocations(book: Book, credit: Credit, request: Request, envelope: Envelope) -> Response:
    """PUT allocations of a credit note, overpayment or prepayment; all or nothing."""
    elements = read_elements(request, "Allocations", "Allocation")
    made = []
    try:
        with book.attempt():
            for fields in elements:
                try:
                    made.append(allocations.create_allocation(book, credit, fields))
                except ValidationFailed as failure:
                    raise ApiFailure(validation_response([_echo(fields, failure)])) from None
    except ApiFailure as refused:
        return refused.response
    book.effects["PUT Allocations"] = book.effects.get("PUT Allocations", 0) + len(made)
    return json_response(envelope.wrap("Allocations", [render_documents.allocation(entry) for entry in made]))


def delete_allocation(book: Book, credit: Credit, allocation_id: str, envelope: Envelope) -> Response:
    """Take an allocation back. Raises ApiFailure (404) when the credit has none with this id."""
    allocation = next((a for a in credit.allocations if a.allocation_id == allocation_id.lower()), None)
    if allocation is None:
        raise not_found()
    try:
        with book.attempt():
            allocations.delete_allocation(book, credit, allocation)
    except ValidationFailed as failure:
        raise ApiFailure(validation_response([_echo(Fields({}), failure)])) from None
    book.effects["DELETE Allocations"] = book.effects.get("DELETE Allocations", 0) + 1
    # The vendor answers this one call with the bare record.
    return json_response({**render_documents.allocation(allocation), "IsDeleted": True, "Status": "OK"})


# -- tracking options -----------------------------------------------------------------------------


def write_tracking_options(
    book: Book, category: TrackingCategory, request: Request, envelope: Envelope, option_id: str | None
) -> Response:
    """Add (PUT), change (POST) or delete (DELETE) options of a tracking category."""
    option = None if option_id is None else find_option(category, option_id)
    shown: list[TrackingOption] = []
    try:
        with book.attempt():
            if request.method == "DELETE" and option is not None:
                reference.delete_tracking_option(book, category, option)
                shown = [option]
            else:
                for fields in read_elements(request, "Options", "Option"):
                    if option is None:
                        shown.append(reference.create_tracking_option(book, category, fields))
                    else:
                        reference.update_tracking_option(book, category, option, fields)
                        shown = [option]
    except ValidationFailed as failure:
        raise ApiFailure(validation_response([_echo(Fields({}), failure)])) from None
    rendered = [render_reference.tracking_option(entry) for entry in shown]
    if request.method == "DELETE":
        rendered = [{**entry, "Status": "DELETED", "IsDeleted": True, "IsActive": False} for entry in rendered]
    return json_response(envelope.wrap("Options", rendered))


def find_option(category: TrackingCategory, option_id: str) -> TrackingOption:
    """The option with this id. Raises ApiFailure (404)."""
    for option in category.options:
        if option.tracking_option_id == option_id.lower():
            return option
    raise not_found()
