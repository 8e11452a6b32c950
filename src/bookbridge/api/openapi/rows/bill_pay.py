"""Rows of Bill Pay as it answers in the same request. Its other form is the reading and writing of every data type."""

from __future__ import annotations

from typing import Final

from bookbridge.accounting.attachments import Attachment
from bookbridge.api import attachment_deletions, payable_writes, payables
from bookbridge.api.openapi.operation import Operation, Parameter, text
from bookbridge.products.bill_pay.prototypes import (
    BankAccountPrototype,
    BillPaymentPrototype,
    BillPrototype,
    SupplierPrototype,
)
from bookbridge.products.bill_pay.records import (
    BankAccount,
    Bill,
    BillMappingOptions,
    BillPayment,
    Bills,
    CompanyInformation,
    PaymentMappingOptions,
    Supplier,
    Suppliers,
)
from bookbridge.push.views import PushOperationView

_OF_VENDORS: Final = (409, 424, 429)
"""Of what the platform is asked while the caller waits: the connection is not linked, the platform is away or slow, or
its limits are reached."""

_CONDITION: Final = (
    "A condition on `status` and `sourceModifiedDate`, the only fields that can be named here: "
    "`status=Paid&&sourceModifiedDate>2026-01-01`. Without a word on the status, the usual ones are meant."
)
_TOKEN: Final = Parameter(
    "continuationToken", "The `continuationToken` of the page before; absent for the first page.", text()
)
_PAGES: Final = (_TOKEN, Parameter("query", _CONDITION, text()))
_OPTIONS: Final = (_TOKEN, Parameter("statusQuery", _CONDITION, text()))

BILL_PAY: Final = (
    Operation(payables.get_company_information, "get-company-information", CompanyInformation, errors=_OF_VENDORS),
    Operation(
        payables.get_bill_mapping_options,
        "get-mapping-options-bills",
        BillMappingOptions,
        parameters=_OPTIONS,
        errors=_OF_VENDORS,
    ),
    Operation(
        payables.get_payment_mapping_options,
        "get-mapping-options-payments",
        PaymentMappingOptions,
        parameters=_OPTIONS,
        errors=_OF_VENDORS,
    ),
    Operation(payables.list_bills, "list-payable-bills", Bills, parameters=_PAGES, errors=_OF_VENDORS),
    Operation(
        payable_writes.create_bill, "create-payable-bill", Bill, status=201, body=BillPrototype, errors=_OF_VENDORS
    ),
    Operation(
        payable_writes.update_bill,
        "update-payable-bill",
        Bill,
        body=BillPrototype,
        errors=_OF_VENDORS,
    ),
    Operation(
        payable_writes.pay_bill,
        "create-payable-bill-payment",
        BillPayment,
        status=201,
        body=BillPaymentPrototype,
        errors=_OF_VENDORS,
    ),
    Operation(
        payables.list_payable_attachments,
        "list-payable-bill-attachments",
        list[Attachment],
        errors=_OF_VENDORS,
    ),
    Operation(
        payable_writes.upload_payable_attachment,
        "upload-payable-bill-attachment",
        Attachment,
        status=201,
        is_upload=True,
        errors=(413, *_OF_VENDORS),
    ),
    Operation(
        payables.download_payable_attachment,
        "download-payable-bill-attachment",
        media_type="application/octet-stream",
        errors=_OF_VENDORS,
    ),
    Operation(payables.list_suppliers, "list-payable-suppliers", Suppliers, parameters=_PAGES, errors=_OF_VENDORS),
    Operation(
        payable_writes.create_supplier,
        "create-payable-supplier",
        Supplier,
        status=201,
        body=SupplierPrototype,
        errors=_OF_VENDORS,
    ),
    Operation(
        payable_writes.update_supplier,
        "update-payable-supplier",
        Supplier,
        body=SupplierPrototype,
        errors=_OF_VENDORS,
    ),
    Operation(
        attachment_deletions.delete_attachment,
        "delete-bill-attachment",
        PushOperationView,
        fixed={"segment": "bills", "record_id": "{billId}"},
        path_parameters=(Parameter("billId", "The bill, by the accounting software's own id.", text()),),
    ),
    Operation(
        payable_writes.create_bank_account,
        "create-payable-bank-account",
        BankAccount,
        status=201,
        body=BankAccountPrototype,
        errors=_OF_VENDORS,
    ),
)
