"""Rows of the expenses product."""

from __future__ import annotations

from typing import Final

from bookbridge.api import expenses
from bookbridge.api.openapi.operation import Operation
from bookbridge.companies.views import ConnectionView

EXPENSES: Final = (
    Operation(expenses.create_partner_expense_connection, "create-partner-expense-connection", ConnectionView),
)
