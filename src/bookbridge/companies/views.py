"""Companies and connections as callers see them: the contract's JSON, with link URLs.

An absent value is left out, never null: clients that follow the contract fail on null. Reads nothing and
writes nothing; what it shows was loaded by `companies.py` and `connections.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

import msgspec

from bookbridge.accounting.dates import ContractDateTime, contract_datetime
from bookbridge.companies.link_codes import LinkCodes, LinkTarget
from bookbridge.connectors.integrations import integration

if TYPE_CHECKING:
    from bookbridge.companies.companies import Company
    from bookbridge.companies.connections import Connection

PORTAL_PATH = "/portal"


class _View(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Base of the contract's objects: camelCase names, absent fields left out."""


class ConnectionErrorView(_View, frozen=True, kw_only=True):
    """One entry of a connection's `dataConnectionErrors`; also the form in which it is stored."""

    status_code: str
    """Status of the refusal."""
    status_text: str
    """The status in words."""
    error_message: str
    """What went wrong."""
    errored_on_utc: ContractDateTime
    """When it happened."""
    status: Literal["Active", "Resolved"] | None = None
    """None: not a state but a passing event."""
    resolved_on_utc: ContractDateTime | None = None
    """When it was put right; absent while it is not."""


class ConnectionView(_View, frozen=True, kw_only=True):
    """A tie between a company and its accounting software."""

    id: UUID
    """Identifier of the connection."""
    integration_id: UUID
    """Identifier of the platform."""
    integration_key: str
    """The platform, by its four letters."""
    source_id: UUID
    """Identifier of the platform as a source of data."""
    source_type: str
    """What kind of data the platform keeps: Accounting, Expense and others."""
    platform_name: str
    """Name of the platform, for people."""
    link_url: str
    """Where the company's people link the platform; good for a day, and for one use."""
    status: str
    """PendingAuth until somebody links it, then Linked; Unlinked or Deauthorized once access has ended."""
    created: ContractDateTime
    """When the connection was made."""
    last_sync: ContractDateTime | None = None
    """When its data was last read to the end."""
    connection_info: dict[str, Any] | None = None
    """What the platform tells of the linked organisation, by name."""
    data_connection_errors: tuple[ConnectionErrorView, ...] | None = None
    """What keeps the connection from working."""


class PortalLinks(_View, frozen=True, kw_only=True):
    """Where people look at a company."""

    portal: str
    """The company's page in the Portal."""


class CompanyReference(_View, frozen=True, kw_only=True):
    """A company as other things refer to it: relatives, and the `referenceCompany` of webhooks."""

    id: UUID
    """Identifier of the company."""
    name: str
    """Name of the company."""
    links: PortalLinks
    """Where people look at it."""
    tags: dict[str, str]
    """Names and values that your application gave it."""
    description: str | None = None
    """What your application says of it."""


class CompanyDetails(_View, frozen=True, kw_only=True):
    """A company without its connections."""

    id: UUID
    """Identifier of the company."""
    name: str
    """Name of the company."""
    platform: str
    """Always empty: an old field that older clients insist on."""
    redirect: str
    """Where the company's people link their software."""
    created: ContractDateTime
    """When the company was made."""
    products: tuple[str, ...]
    """Products that the company has."""
    tags: dict[str, str]
    """Names and values that your application gave it."""
    reference_subsidiary_companies: tuple[CompanyReference, ...]
    """Companies of which this one is the parent."""
    description: str | None = None
    """What your application says of it."""
    last_sync: ContractDateTime | None = None
    """When data of any of its connections was last read."""
    created_by_user_name: str | None = None
    """Who made it, where a person did."""
    reference_parent_company: CompanyReference | None = None
    """The company that it belongs to."""


class CompanyView(CompanyDetails, frozen=True, kw_only=True):
    """A business whose books are read and written."""

    data_connections: tuple[ConnectionView, ...]
    """Its ties to accounting software."""


class CompanyProduct(_View, frozen=True, kw_only=True):
    """Payload of `company.product.added` and `.removed`."""

    id: UUID
    name: str
    product_id: str
    product_name: str
    products: tuple[str, ...]
    description: str | None = None


class ConnectionEvent(_View, frozen=True, kw_only=True):
    """Payload of all `connection.*` webhooks."""

    reference_company: CompanyReference
    connection: ConnectionView


class Views:
    """Makes views. `base_url` is this installation's public address, without a slash at its end.

    Every view that holds a link URL holds a fresh code in it.
    """

    def __init__(self, base_url: str, codes: LinkCodes, portal_url: str | None = None) -> None:
        self.base_url = base_url.rstrip("/")
        self.portal_url = (portal_url or self.base_url + PORTAL_PATH).rstrip("/")
        self._codes = codes

    def company_link(self, company_id: UUID, generation: int) -> str:
        """The URL at which the company's people link their software."""
        code = self._codes.issue(LinkTarget.COMPANY, company_id, generation)
        return f"{self.base_url}/link/company/{company_id}?link.otp={code}"

    def connection_link(self, company_id: UUID, connection_id: UUID, generation: int) -> str:
        """The URL that starts (or repeats) the linking of one connection."""
        code = self._codes.issue(LinkTarget.CONNECTION, connection_id, generation)
        return f"{self.base_url}/companies/{company_id}/connections/{connection_id}/start?otp={code}"

    def connection(self, row: Connection) -> ConnectionView:
        """The connection as callers see it. Raises LookupError for an integration that no longer exists."""
        known = integration(row.integration_key)
        if known is None:
            raise LookupError(f"no integration has the key {row.integration_key!r}")
        return ConnectionView(
            id=row.id,
            integration_id=known.integration_id,
            integration_key=row.integration_key,
            source_id=known.source_id,
            source_type=known.source_type,
            platform_name=known.name,
            link_url=self.connection_link(row.company_id, row.id, row.link_generation),
            status=row.status.value,
            created=contract_datetime(row.created),
            last_sync=_optional_datetime(row.last_sync),
            connection_info=dict(row.connection_info) if row.connection_info else None,
            data_connection_errors=row.errors or None,
        )

    def reference(self, row: Company) -> CompanyReference:
        """The company as other things refer to it."""
        return CompanyReference(
            id=row.id,
            name=row.name,
            description=row.description,
            links=PortalLinks(portal=f"{self.portal_url}/companies/{row.id}/summary"),
            tags=dict(row.tags),
        )

    def company(
        self,
        row: Company,
        connections: Sequence[Connection],
        parent: Company | None = None,
        subsidiaries: Sequence[Company] = (),
    ) -> CompanyView:
        """The company as callers see it."""
        details = msgspec.structs.asdict(self.company_details(row, parent, subsidiaries))
        return CompanyView(**details, data_connections=tuple(self.connection(connection) for connection in connections))

    def company_details(
        self, row: Company, parent: Company | None = None, subsidiaries: Sequence[Company] = ()
    ) -> CompanyDetails:
        """The company without its connections."""
        return CompanyDetails(
            id=row.id,
            name=row.name,
            platform="",
            description=row.description,
            redirect=self.company_link(row.id, row.link_generation),
            created=contract_datetime(row.created),
            products=row.products,
            tags=dict(row.tags),
            last_sync=_optional_datetime(row.last_sync),
            created_by_user_name=row.created_by_user_name,
            reference_parent_company=None if parent is None else self.reference(parent),
            reference_subsidiary_companies=tuple(self.reference(company) for company in subsidiaries),
        )

    def product(self, row: Company, product: str, names: Mapping[str, str]) -> CompanyProduct:
        """The payload that tells of a product given to, or taken from, the company."""
        return CompanyProduct(
            id=row.id,
            name=row.name,
            description=row.description,
            product_id=product,
            product_name=names.get(product, product),
            products=row.products,
        )

    def connection_event(self, company: Company, connection: Connection) -> ConnectionEvent:
        """The payload that tells of a change of the connection."""
        return ConnectionEvent(reference_company=self.reference(company), connection=self.connection(connection))


def _optional_datetime(moment: datetime | None) -> str | None:
    return None if moment is None else contract_datetime(moment)
