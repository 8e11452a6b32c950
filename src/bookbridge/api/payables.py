"""Bill Pay, reading: company, bills, suppliers and choices as the ledger holds them at the moment of asking.

Each answer comes from the vendor. One that takes longer than the installation waits, or cannot be reached, is told
with a status that callers' libraries do not repeat for an hour.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from litestar import Response, get
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from bookbridge.api.attachments import download_attachment, session_of
from bookbridge.api.bodies import AnyRequest, answer
from bookbridge.api.errors import PULL, ApiError
from bookbridge.api.parameters import company_id_of, connection_id_of, parameters, record_id_of
from bookbridge.api.services import Given, Services
from bookbridge.connectors.kit.session import Session
from bookbridge.products.bill_pay import reading
from bookbridge.products.bill_pay.continuation import BadToken, Tokens
from bookbridge.products.bill_pay.reading import LiveList
from bookbridge.products.bill_pay.records import (
    BillMappingOptions,
    Bills,
    Pagination,
    PaymentMappingOptions,
    Suppliers,
)

BASE: Final = "/companies/{company_id:str}/connections/{connection_id:str}/payables"
ATTACHMENTS: Final = BASE + "/bills/{bill_id:str}/attachments"
TOO_SLOW: Final = "The platform took too long to answer; nothing was changed. Please try again later."


@get(BASE + "/info")
async def get_company_information(company_id: str, connection_id: str, services: Given) -> Response[bytes]:
    """The company as its ledger names it now."""
    async with asked(services, company_id, connection_id) as session:
        return answer(await reading.company_information(session))


@get(BASE + "/mappingOptions/bills")
async def get_bill_mapping_options(
    request: AnyRequest, company_id: str, connection_id: str, services: Given
) -> Response[bytes]:
    """The accounts and tax rates that lines of bills can have. Active ones, unless a query says otherwise."""
    lists = (reading.ACCOUNTS, reading.TAX_RATES)
    results, pagination = await _page(request, services, company_id, connection_id, "billOptions", lists)
    return answer(BillMappingOptions(accounts=results[0], tax_rates=results[1], pagination=pagination))


@get(BASE + "/mappingOptions/payments")
async def get_payment_mapping_options(
    request: AnyRequest, company_id: str, connection_id: str, services: Given
) -> Response[bytes]:
    """The bank and card accounts that bills can be paid from. Active ones, unless a query says otherwise."""
    lists = (reading.BANK_ACCOUNTS,)
    results, pagination = await _page(request, services, company_id, connection_id, "paymentOptions", lists)
    return answer(PaymentMappingOptions(bank_accounts=results[0], pagination=pagination))


@get(BASE + "/bills")
async def list_bills(request: AnyRequest, company_id: str, connection_id: str, services: Given) -> Response[bytes]:
    """The bills in the ledger now. Those that are not paid, unless a query says otherwise."""
    lists = (reading.BILLS,)
    results, pagination = await _page(request, services, company_id, connection_id, "bills", lists)
    return answer(Bills(results=results[0], pagination=pagination))


@get(BASE + "/suppliers")
async def list_suppliers(request: AnyRequest, company_id: str, connection_id: str, services: Given) -> Response[bytes]:
    """The suppliers in the ledger now. Archived ones too, unless a query says otherwise."""
    lists = (reading.SUPPLIERS,)
    results, pagination = await _page(request, services, company_id, connection_id, "suppliers", lists)
    return answer(Suppliers(results=results[0], pagination=pagination))


@get(ATTACHMENTS)
async def list_payable_attachments(
    company_id: str, connection_id: str, bill_id: str, services: Given
) -> Response[bytes]:
    """The files attached to a bill."""
    async with asked(services, company_id, connection_id) as session:
        return answer(await session.attachments("bills", record_id_of(bill_id)))


@get(ATTACHMENTS + "/{attachment_id:str}/download")
async def download_payable_attachment(
    company_id: str, connection_id: str, bill_id: str, attachment_id: str, services: Given
) -> Stream:
    """The file's bytes."""
    found: Stream = await download_attachment.fn(company_id, connection_id, "bills", bill_id, attachment_id, services)
    return found


@asynccontextmanager
async def asked(services: Services, company_id: str, connection_id: str) -> AsyncIterator[Session]:
    """A session on the connection for as long as a request may wait. Raises ApiError 424 when that is over."""
    of_company, wanted = company_id_of(company_id), connection_id_of(connection_id)
    limit = asyncio.timeout(services.platform_wait_s)
    try:
        async with limit, session_of(services, of_company, wanted) as session:
            yield session
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise ApiError(424, TOO_SLOW, service=PULL) from error


async def _page(
    request: AnyRequest,
    services: Services,
    company_id: str,
    connection_id: str,
    name: str,
    lists: Sequence[LiveList[Any]],
) -> tuple[list[list[Any]], Pagination]:
    given = parameters(request)
    tokens = Tokens(services.vault, company_id_of(company_id), connection_id_of(connection_id), name)
    # The contract's file and its prose call the same condition by two names.
    query = given.get("query") or given.get("statusquery") or ""
    try:
        async with asked(services, company_id, connection_id) as session:
            found = await reading.page(
                services.pool, session, lists, tokens, query=query, token=given.get("continuationtoken")
            )
    except BadToken as error:
        raise ApiError(400, error.message, service=PULL, fields=[("continuationToken", error.message)]) from error
    return [found.results[one.data_type] for one in lists], Pagination(continuation_token=found.token)


ROUTES: list[ControllerRouterHandler] = [
    get_company_information,
    get_bill_mapping_options,
    get_payment_mapping_options,
    list_bills,
    list_suppliers,
    list_payable_attachments,
    download_payable_attachment,
]
