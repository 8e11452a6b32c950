"""Rows of reading: asking for it, following it, what custom data is, and reports over what was read."""

from __future__ import annotations

from typing import Final

from bookbridge.accounting.catalog import ALL_KEYS
from bookbridge.accounting.reports.aged import AgedCreditorReport, AgedDebtorReport
from bookbridge.accounting.types.balance_sheet import BalanceSheet
from bookbridge.accounting.types.cash_flow_statement import CashFlowStatement
from bookbridge.accounting.types.profit_and_loss import ProfitAndLoss
from bookbridge.api import custom_data, datasets, financials, pdf, reports
from bookbridge.api.openapi.operation import CONNECTION_ID, Operation, Parameter, text, whole
from bookbridge.companies.supplemental import Configuration
from bookbridge.sync.custom_data import CustomDataType, CustomRecord
from bookbridge.sync.views import DATASET_PROPERTIES, DataStatus, PullOperation

_PERIODS: Final = (
    Parameter("periodLength", "Months in a period.", whole(1, financials.PERIOD_MONTHS_MAX), is_required=True),
    Parameter("periodsToCompare", "How many periods are told.", whole(1, financials.PERIODS_MAX), is_required=True),
    Parameter("startMonth", "A day of the newest month of the newest period; the newest month held if absent."),
)

_SPANS: Final = (
    Parameter("reportDate", "The day of the report; today if absent."),
    Parameter(
        "numberOfPeriods",
        "How many spans the report goes back.",
        whole(1, reports.PERIODS_MAX, reports.PERIODS_DEFAULT),
    ),
    Parameter(
        "periodLengthDays",
        "Days in a span.",
        whole(1, reports.PERIOD_DAYS_MAX, reports.PERIOD_DAYS_DEFAULT),
    ),
)

_DATA_TYPE: Final = Parameter("dataType", "The data type, by its key.", text(of=sorted(ALL_KEYS)))

READS: Final = (
    Operation(datasets.queue_all, "refresh-company-data", status=204, errors=(400,)),
    Operation(
        datasets.queue_one,
        "refresh-data-type",
        PullOperation,
        parameters=(CONNECTION_ID,),
        path_parameters=(
            Parameter(
                "dataType", "The data type, by its key; `all` for all of them.", text(of=["all", *sorted(ALL_KEYS)])
            ),
        ),
    ),
    Operation(datasets.get_data_status, "get-company-data-status", dict[str, DataStatus]),
    Operation(
        datasets.list_history,
        "list-pull-operations",
        PullOperation,
        is_paged=True,
        query_fields=DATASET_PROPERTIES,
    ),
    Operation(datasets.get_history, "get-pull-operation", PullOperation),
    Operation(datasets.get_validation, "get-read-validation-results", datasets.ValidationResult),
    Operation(datasets.get_completeness, "get-completeness", datasets.CompletenessResult, is_extension=True),
    Operation(
        datasets.confirm_deletions,
        "confirm-deletions",
        status=204,
        parameters=(CONNECTION_ID,),
        path_parameters=(_DATA_TYPE,),
        is_extension=True,
    ),
)

CUSTOM_DATA: Final = (
    Operation(custom_data.configure_custom_type, "configure-custom-data-type", CustomDataType, body=CustomDataType),
    Operation(custom_data.get_custom_type, "get-custom-data-type-configuration", CustomDataType),
    Operation(custom_data.queue_custom_type, "refresh-custom-data-type", PullOperation, errors=(400,)),
    Operation(custom_data.list_custom_records, "list-custom-data-type-records", CustomRecord, is_paged=True),
    Operation(
        custom_data.configure_supplement,
        "configure-supplemental-data",
        body=Configuration,
        path_parameters=(_DATA_TYPE,),
    ),
    Operation(
        custom_data.get_supplement,
        "get-supplemental-data-configuration",
        Configuration,
        path_parameters=(_DATA_TYPE,),
    ),
)

REPORTS: Final = (
    Operation(financials.get_balance_sheet, "get-balance-sheet", BalanceSheet, parameters=_PERIODS),
    Operation(financials.get_profit_and_loss, "get-profit-and-loss", ProfitAndLoss, parameters=_PERIODS),
    Operation(financials.get_cash_flow_statement, "get-cash-flow-statement", CashFlowStatement, parameters=_PERIODS),
    Operation(reports.aged_debtor, "get-aged-debtors-report", AgedDebtorReport, parameters=_SPANS),
    Operation(reports.aged_creditor, "get-aged-creditors-report", AgedCreditorReport, parameters=_SPANS),
    Operation(
        reports.aged_debtor_available,
        "is-aged-debtors-report-available",
        bool,
        summary="Whether the report on what customers owe can be drawn up",
    ),
    Operation(
        reports.aged_creditor_available,
        "is-aged-creditors-report-available",
        bool,
        summary="Whether the report on what is owed to suppliers can be drawn up",
    ),
    Operation(
        pdf.get_invoice_pdf,
        "download-invoice-pdf",
        bytes,
        media_type=pdf.PDF,
        fixed={"segment": "invoices", "record_id": "{invoiceId}"},
        path_parameters=(Parameter("invoiceId", "The invoice, by the accounting software's own id."),),
        errors=(424, 429),
    ),
)
