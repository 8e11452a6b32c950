"""Rows of the expenses product."""

from __future__ import annotations

from typing import Final

from bookbridge.api import expense_attachments, expense_syncs, expense_transactions, expenses
from bookbridge.api.openapi.operation import Operation, Parameter
from bookbridge.api.openapi.rows import expense_bodies as bodies
from bookbridge.companies.views import ConnectionView
from bookbridge.products.expenses.configuration import ConfigurationView
from bookbridge.products.expenses.mapping_options import MappingOptions
from bookbridge.products.expenses.views import DatasetKept, SyncStarted, SyncStatus, TransactionView

_UUID: Final = {"type": "string", "format": "uuid"}
_SYNC: Final = (Parameter("syncId", "The sync.", _UUID),)
_TRANSACTION: Final = (Parameter("transactionId", "The transaction, by your own identifier.", _UUID),)
_OF_VENDORS: Final = (424, 429)
_STARTS: Final = (
    "It is checked at once and written later, in a sync whose status tells what became of it. Sent again under the "
    "same identifier it is not written again."
)
_IN_ORDER: Final = "Changes of one transaction are written in the order in which they were sent."

EXPENSES: Final = (
    Operation(expenses.create_partner_expense_connection, "create-partner-expense-connection", ConnectionView),
    Operation(expenses.get_company_configuration, "get-company-configuration", ConfigurationView),
    Operation(
        expenses.set_company_configuration,
        "set-company-configuration",
        ConfigurationView,
        body=bodies.ConfigurationBody,
    ),
    Operation(expenses.get_mapping_options, "get-mapping-options", MappingOptions),
    Operation(
        expense_transactions.create_expense_transactions,
        "create-expense-transaction",
        SyncStarted,
        body=bodies.ExpenseTransactions,
        description=_STARTS,
    ),
    Operation(
        expense_transactions.update_expense_transaction,
        "update-expense-transaction",
        SyncStarted,
        status=expense_transactions.ACCEPTED,
        body=bodies.ExpenseTransactionChange,
        path_parameters=_TRANSACTION,
        description="Only a payment that was written, where the accounting software takes changes; else it is refused "
        f"with 422. {_IN_ORDER}",
    ),
    Operation(
        expense_transactions.put_transfer_transaction,
        "create-transfer-transaction",
        SyncStarted,
        body=bodies.TransferTransaction,
        path_parameters=_TRANSACTION,
        description=_STARTS,
    ),
    Operation(
        expense_transactions.create_adjustment_transactions,
        "create-adjustment-transaction",
        SyncStarted,
        body=bodies.AdjustmentTransactions,
        description=_STARTS,
    ),
    Operation(
        expense_transactions.create_reimbursable_transactions,
        "create-reimbursable-expense-transaction",
        SyncStarted,
        body=bodies.ReimbursableExpenses,
        description=_STARTS,
    ),
    Operation(
        expense_transactions.update_reimbursable_transaction,
        "update-reimbursable-expense-transaction",
        SyncStarted,
        body=bodies.ReimbursableExpenseChange,
        path_parameters=_TRANSACTION,
        description=_IN_ORDER,
    ),
    Operation(
        expense_transactions.create_expense_dataset,
        "create-expense-dataset",
        DatasetKept,
        body=bodies.ExpenseDataset,
        is_deprecated=True,
    ),
    Operation(
        expense_transactions.start_sync,
        "initiate-sync",
        SyncStarted,
        status=expense_transactions.ACCEPTED,
        body=bodies.SyncRequest,
        is_deprecated=True,
    ),
    Operation(expense_syncs.get_last_successful_sync, "get-last-successful-sync", SyncStatus),
    Operation(expense_syncs.get_latest_sync, "get-latest-sync", SyncStatus),
    Operation(expense_syncs.list_syncs, "list-syncs", list[SyncStatus]),
    Operation(expense_syncs.get_sync, "get-sync-by-id", SyncStatus, path_parameters=_SYNC),
    Operation(
        expense_syncs.list_sync_transactions,
        "list-sync-transactions",
        TransactionView,
        is_paged=True,
        path_parameters=_SYNC,
    ),
    Operation(
        expense_syncs.get_sync_transaction,
        "get-sync-transaction",
        list[TransactionView],
        path_parameters=(*_SYNC, *_TRANSACTION),
    ),
    Operation(
        expense_attachments.upload_expense_attachment,
        "upload-expense-attachment",
        expense_attachments.AttachmentKept,
        is_upload=True,
        path_parameters=(*_SYNC, *_TRANSACTION),
        errors=(413, *_OF_VENDORS),
    ),
)
