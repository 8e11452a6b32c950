"""Transactions of an expense application: each call starts a sync, and says which.

The older form keeps them as a dataset first; a sync of datasets is started by hand.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

from litestar import Response, post, put
from litestar.types import ControllerRouterHandler

from bookbridge.accounting.problems import Problem
from bookbridge.api.bodies import AnyRequest, answer, body_of
from bookbridge.api.expenses import BASE
from bookbridge.api.idempotency import in_transaction
from bookbridge.api.parameters import company_id_of
from bookbridge.api.services import Given, Services
from bookbridge.products.expenses import accept, requests
from bookbridge.products.expenses.errors import InvalidRequest
from bookbridge.products.expenses.syncs import Sync
from bookbridge.products.expenses.views import DatasetKept, SyncStarted
from bookbridge.store.pool import Db

STARTED, ACCEPTED = 200, 202


@post(BASE + "/expense-transactions", status_code=STARTED)
async def create_expense_transactions(request: AnyRequest, company_id: str, services: Given) -> Response[bytes]:
    """Send card transactions: payments, refunds, rewards and chargebacks."""
    wanted = company_id_of(company_id)
    transactions = requests.spendings(await body_of(request))
    return await _started(services, request, lambda db: accept.accept(db, wanted, transactions))


@put(BASE + "/expense-transactions/{transaction_id:str}", status_code=ACCEPTED)
async def update_expense_transaction(
    request: AnyRequest, company_id: str, transaction_id: str, services: Given
) -> Response[bytes]:
    """Change what a payment was written as."""
    wanted, transaction = company_id_of(company_id), _transaction_id(transaction_id)
    body = await body_of(request)
    return await _started(services, request, lambda db: accept.change_spending(db, wanted, transaction, body), ACCEPTED)


@put(BASE + "/transfer-transactions/{transaction_id:str}", status_code=STARTED)
async def put_transfer_transaction(
    request: AnyRequest, company_id: str, transaction_id: str, services: Given
) -> Response[bytes]:
    """Send a transfer, or change one where the accounting software takes that."""
    wanted, transaction = company_id_of(company_id), _transaction_id(transaction_id)
    body = await body_of(request)
    return await _started(services, request, lambda db: accept.put_transfer(db, wanted, transaction, body))


@post(BASE + "/adjustment-transactions", status_code=STARTED)
async def create_adjustment_transactions(request: AnyRequest, company_id: str, services: Given) -> Response[bytes]:
    """Send adjustments."""
    wanted = company_id_of(company_id)
    transactions = requests.adjustments(await body_of(request))
    return await _started(services, request, lambda db: accept.accept(db, wanted, transactions))


@post(BASE + "/reimbursable-expense-transactions", status_code=STARTED)
async def create_reimbursable_transactions(request: AnyRequest, company_id: str, services: Given) -> Response[bytes]:
    """Send what employees paid and are owed for."""
    wanted = company_id_of(company_id)
    transactions = requests.reimbursables(await body_of(request))
    return await _started(services, request, lambda db: accept.accept(db, wanted, transactions))


@put(BASE + "/reimbursable-expense-transactions/{transaction_id:str}", status_code=STARTED)
async def update_reimbursable_transaction(
    request: AnyRequest, company_id: str, transaction_id: str, services: Given
) -> Response[bytes]:
    """Change the bill of a reimbursement."""
    wanted, transaction = company_id_of(company_id), _transaction_id(transaction_id)
    body = await body_of(request)
    return await _started(services, request, lambda db: accept.change_reimbursable(db, wanted, transaction, body))


@post(BASE + "/data/expense-transactions", status_code=STARTED)
async def create_expense_dataset(request: AnyRequest, company_id: str, services: Given) -> Response[bytes]:
    """Keep transactions for a sync, in the older form."""
    wanted = company_id_of(company_id)
    body = await body_of(request)

    async def work(db: Db) -> Response[bytes]:
        return answer(DatasetKept(dataset_id=await accept.keep_dataset(db, wanted, body)))

    return await in_transaction(services, request, work)


@post(BASE + "/syncs", status_code=ACCEPTED)
async def start_sync(request: AnyRequest, company_id: str, services: Given) -> Response[bytes]:
    """Start a sync of datasets, in the older form."""
    wanted = company_id_of(company_id)
    body = await body_of(request)
    return await _started(services, request, lambda db: accept.start_datasets(db, wanted, body), ACCEPTED)


async def _started(
    services: Services, request: AnyRequest, start: Callable[[Db], Awaitable[Sync]], status: int = STARTED
) -> Response[bytes]:
    async def work(db: Db) -> Response[bytes]:
        return answer(SyncStarted(sync_id=(await start(db)).id), status)

    return await in_transaction(services, request, work)


def _transaction_id(text: str) -> UUID:
    """Raises InvalidRequest: the address of a transaction that may still be sent names nothing yet."""
    try:
        return UUID(text)
    except ValueError:
        raise InvalidRequest([Problem("TransactionId", "The transaction's id must be a UUID.")]) from None


ROUTES: list[ControllerRouterHandler] = [
    create_expense_transactions,
    update_expense_transaction,
    put_transfer_transaction,
    create_adjustment_transactions,
    create_reimbursable_transactions,
    update_reimbursable_transaction,
    create_expense_dataset,
    start_sync,
]
