"""What Xero sends, as far as we read it: typed decoding at the door, nothing else.

Fields that we do not use are left out and skipped while decoding. Every field may be absent or null
unless it identifies the record, since Xero sends summaries of records inside other records. The first
field of a listed payload is its id. Amounts are Decimal from the first byte on. This module must not know our records.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

_SPELLINGS = {"id": "ID", "utc": "UTC"}


def vendor_name(name: str) -> str:
    """`updated_date_utc` → `UpdatedDateUTC`: Pascal case, with Xero's two abbreviations in capitals."""
    return "".join(_SPELLINGS.get(part) or part.capitalize() for part in name.split("_"))


class Payload(msgspec.Struct, rename=vendor_name, gc=False):
    """Base of all payloads. Holds no cycles, so the garbage collector need not look at it."""


class Pagination(msgspec.Struct, rename="camel", gc=False):
    """The block that Xero adds to a list when `page` was asked for."""

    page: int | None = None
    page_size: int | None = None
    page_count: int | None = None
    item_count: int | None = None


class Address(Payload):
    address_type: str | None = None
    address_line1: str | None = None
    address_line2: str | None = None
    address_line3: str | None = None
    address_line4: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None


class Phone(Payload):
    phone_type: str | None = None
    phone_number: str | None = None
    phone_area_code: str | None = None
    phone_country_code: str | None = None


class ExternalLink(Payload):
    link_type: str | None = None
    url: str | None = None


class Organisation(Payload):
    organisation_id: str
    name: str | None = None
    legal_name: str | None = None
    base_currency: str | None = None
    registration_number: str | None = None
    tax_number: str | None = None
    financial_year_end_day: int | None = None
    financial_year_end_month: int | None = None
    period_lock_date: str | None = None
    created_date_utc: str | None = None
    short_code: str | None = None
    addresses: tuple[Address, ...] | None = None
    phones: tuple[Phone, ...] | None = None
    external_links: tuple[ExternalLink, ...] | None = None


class Account(Payload):
    account_id: str
    code: str | None = None
    name: str | None = None
    description: str | None = None
    type: str | None = None
    class_: str | None = msgspec.field(default=None, name="Class")
    status: str | None = None
    currency_code: str | None = None
    bank_account_number: str | None = None
    bank_account_type: str | None = None
    enable_payments_to_account: bool | None = None
    system_account: str | None = None
    updated_date_utc: str | None = None
    balance: Decimal | None = None
    """Not of this list: put in from a report, see `balances`."""


class ContactPerson(Payload):
    first_name: str | None = None
    last_name: str | None = None
    email_address: str | None = None


class Contact(Payload):
    contact_id: str
    name: str | None = None
    contact_status: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email_address: str | None = None
    company_number: str | None = None
    tax_number: str | None = None
    default_currency: str | None = None
    addresses: tuple[Address, ...] | None = None
    phones: tuple[Phone, ...] | None = None
    contact_persons: tuple[ContactPerson, ...] | None = None
    updated_date_utc: str | None = None


class ContactSummary(Payload):
    """The contact inside a document: who it is, not what is known of them."""

    contact_id: str | None = None
    name: str | None = None


class TaxComponent(Payload):
    name: str | None = None
    rate: Decimal | None = None
    is_compound: bool | None = None


class TaxRate(Payload):
    tax_type: str
    name: str | None = None
    status: str | None = None
    effective_rate: Decimal | None = None
    display_tax_rate: Decimal | None = None
    tax_components: tuple[TaxComponent, ...] | None = None
    can_apply_to_assets: bool | None = None
    can_apply_to_equity: bool | None = None
    can_apply_to_expenses: bool | None = None
    can_apply_to_liabilities: bool | None = None
    can_apply_to_revenue: bool | None = None


class TrackingOption(Payload):
    tracking_option_id: str
    name: str | None = None
    status: str | None = None


class TrackingCategory(Payload):
    tracking_category_id: str
    name: str | None = None
    status: str | None = None
    options: tuple[TrackingOption, ...] | None = None


class ItemDetails(Payload):
    unit_price: Decimal | None = None
    account_code: str | None = None
    account_id: str | None = None
    cogs_account_code: str | None = msgspec.field(default=None, name="COGSAccountCode")
    tax_type: str | None = None


class Item(Payload):
    item_id: str
    code: str | None = None
    name: str | None = None
    description: str | None = None
    purchase_description: str | None = None
    purchase_details: ItemDetails | None = None
    sales_details: ItemDetails | None = None
    is_tracked_as_inventory: bool | None = None
    is_sold: bool | None = None
    is_purchased: bool | None = None
    updated_date_utc: str | None = None


class Attachment(Payload):
    attachment_id: str
    file_name: str | None = None
    mime_type: str | None = None
    content_length: int | None = None
    include_online: bool | None = None


class ValidationError(Payload):
    message: str | None = None


class LineErrors(Payload):
    validation_errors: tuple[ValidationError, ...] | None = None


class ElementErrors(Payload):
    """A refused element: Xero echoes it with what is wrong, in whole or line by line."""

    validation_errors: tuple[ValidationError, ...] | None = None
    line_items: tuple[LineErrors, ...] | None = None
    journal_lines: tuple[LineErrors, ...] | None = None
    payments: tuple[LineErrors, ...] | None = None


class ApiError(Payload):
    """Both forms of a refusal: a validation exception with elements, and a problem with a detail."""

    error_number: int | None = None
    type: str | None = None
    message: str | None = None
    title: str | None = None
    detail: str | None = None
    elements: tuple[ElementErrors, ...] | None = None


class Tenant(msgspec.Struct, rename="camel", gc=False):
    """An element of `GET /connections`: an organisation that the authorisation opens."""

    id: str
    tenant_id: str
    tenant_type: str | None = None
    tenant_name: str | None = None
    auth_event_id: str | None = None
