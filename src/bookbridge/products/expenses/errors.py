"""What an expense application is told at once, by what it should do next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bookbridge.accounting.problems import Problem

PROBLEMS_SHOWN_MAX: Final = 100


class ExpenseError(Exception):
    """Base. `message` is fit to be shown."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidRequest(ExpenseError):
    """Something in the request is wrong; nothing was kept. `problems` name fields as `Items[0].Lines[0].NetAmount`."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("There are problems with the request, see the Validation property for more detail.")
        self.problems = tuple(problems[:PROBLEMS_SHOWN_MAX])


class Unsupported(ExpenseError):
    """The company's ledger does not take this."""


class NotUpdatable(ExpenseError):
    """What was written can not be changed."""


class NotFound(ExpenseError):
    """There is no such sync, dataset or transaction."""


class NoLedger(ExpenseError):
    """The company has no linked accounting connection, or more than one."""
