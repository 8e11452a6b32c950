"""Reading what a product needs of a company: which data types belong to which product, and queueing them.

The reads themselves are those of `sync`; a product only says which.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from bookbridge.accounting import catalog
from bookbridge.companies import companies, connections
from bookbridge.companies.connections import Status
from bookbridge.products import read_events
from bookbridge.store.pool import Db
from bookbridge.sync import queue, settings
from bookbridge.sync.datasets import Dataset

_ACCOUNTING: Final = tuple(sorted(key for key in catalog.ALL_KEYS if not key.startswith(("banking-", "commerce-"))))
_REFERENCE: Final = ("company", "chartOfAccounts", "bankAccounts", "taxRates", "trackingCategories", "suppliers")

DATA_TYPES: Final[dict[str, tuple[str, ...]]] = {
    "accounting": _ACCOUNTING,
    "lending": _ACCOUNTING,
    "payables": (*_REFERENCE, "items", "bills", "billCreditNotes", "billPayments", "paymentMethods"),
    "expenses": (*_REFERENCE, "customers", "items"),
    "expenses-v1": (*_REFERENCE, "customers", "items"),
    "banking": tuple(sorted(key for key in catalog.ALL_KEYS if key.startswith("banking-"))),
    "commerce": tuple(sorted(key for key in catalog.ALL_KEYS if key.startswith("commerce-"))),
}
"""Product → the data types that it reads. Products that read nothing cannot be refreshed."""


class RefreshError(Exception):
    """A product cannot be refreshed now; the message says why, for people."""


class ProductNotEnabled(RefreshError):
    """The company does not have this product."""


async def refresh(db: Db, company_id: UUID, product: str, only: Sequence[str] | None) -> list[Dataset]:
    """Queue the product's data types, or those named in `only`, over every linked connection that supplies them.

    Raises CompanyNotFound, ProductNotEnabled, and RefreshError for a product that reads nothing, a data type that is
    not the product's, a company without a linked connection or without one that supplies any of it, or a read that is
    under way. Once all of them have ended, the product's event is raised.
    """
    company = await companies.get(db, company_id)
    if product not in company.products:
        raise ProductNotEnabled(f"The company does not have the product '{product[:50]}'.")
    wanted = _wanted(product, only)
    found = (await connections.of_companies(db, [company_id])).get(company_id, [])
    linked = [connection for connection in found if connection.status is Status.LINKED]
    if not linked:
        raise RefreshError("The company has no linked connection.")
    effective = await settings.effective(db, company_id)
    queued: list[Dataset] = []
    for connection in linked:
        data_types = effective.ordered(wanted & set(queue.readable(connection)))
        fresh = await queue.queue_types(db, connection, data_types, is_initial=False)
        if len(fresh) < len(data_types):
            raise RefreshError(f"A read of connection {connection.id} is still in progress.")
        queued += fresh
    if not queued:
        raise RefreshError(f"No platform of the company supplies what {product} reads.")
    await read_events.expect(db, product, queued)
    return queued


def _wanted(product: str, only: Sequence[str] | None) -> set[str]:
    of_product = DATA_TYPES.get(product, ())
    if not of_product:
        raise RefreshError(f"The product '{product[:50]}' cannot be refreshed.")
    if not only:
        return set(of_product)
    by_folded_name = {key.casefold(): key for key in of_product}
    unknown = [name[:50] for name in only if name.casefold() not in by_folded_name]
    if unknown:
        raise RefreshError(f"Not data types of {product}: {', '.join(unknown)}. Valid are: {', '.join(of_product)}.")
    return {by_folded_name[name.casefold()] for name in only}
