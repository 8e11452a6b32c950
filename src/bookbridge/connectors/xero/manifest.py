"""CONNECTOR: all that the rest of the house knows about Xero. Facts only."""

from __future__ import annotations

from bookbridge.connectors.kit.app_options import AppOption
from bookbridge.connectors.kit.connector import CallLimit, Connector, Limits
from bookbridge.connectors.xero.attachments import ATTACHMENT_RULES
from bookbridge.connectors.xero.auth import OAUTH2, identify, organisations
from bookbridge.connectors.xero.client import (
    CALLS_PER_DAY,
    CALLS_PER_MINUTE,
    DAY_S,
    IN_FLIGHT_MAX,
    MINUTE_S,
)
from bookbridge.connectors.xero.expenses import EXPENSES
from bookbridge.connectors.xero.live import LIVE
from bookbridge.connectors.xero.read import READS
from bookbridge.connectors.xero.session import PAGE_SIZE_DEFAULT, XeroSession
from bookbridge.connectors.xero.writes import WRITES

CONNECTOR = Connector(
    key="gbol",
    auth=OAUTH2,
    endpoints={
        "authorize": "https://login.xero.com/identity/connect/authorize",
        "token": "https://identity.xero.com/connect/token",
        "revoke": "https://identity.xero.com/connect/revocation",
        "connections": "https://api.xero.com/connections",
        "api": "https://api.xero.com/api.xro/2.0",
    },
    limits=Limits(
        calls=(CallLimit(CALLS_PER_MINUTE, MINUTE_S), CallLimit(CALLS_PER_DAY, DAY_S)),
        in_flight_max=IN_FLIGHT_MAX,
    ),
    reads=READS,
    writes=WRITES,
    open=XeroSession,
    organisations=organisations,
    identify=identify,
    attachments=ATTACHMENT_RULES,
    expenses=EXPENSES,
    custom_lists=True,
    live=LIVE,
    options={
        "page_size": AppOption("records on a page of a list", number_min=1, number_max=PAGE_SIZE_DEFAULT),
        "line_account": AppOption("how lines name their account", words=("id", "code")),
    },
    data_access=(
        "Company details, chart of accounts, bank accounts, tax rates and tracking categories",
        "Contacts and items",
        "Bills, purchase orders, credit notes from suppliers and payments to them, with their files",
        "Invoices, credit notes to customers and payments from them, with their files",
        "Money spent and received, transfers between bank accounts, and journals",
        "Balance sheet and profit and loss account",
        "Create and change suppliers, customers, bills, invoices, credit notes and purchase orders, and attach files",
        "Record payments, money spent and received, transfers and journals, and take back what was recorded",
        "Add accounts, bank accounts and items",
    ),
)
