"""What an expense application is told: at once, or of one transaction of its sync, by what it should do next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Self

from bookbridge.accounting.problems import Problem
from bookbridge.products.expenses.codes import SyncCode

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


class NotLanded(Exception):
    """A transaction cannot be written as the books, the rules and the defaults are now. `code` is what that makes of
    its sync, `message` for people."""

    def __init__(self, code: SyncCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @classmethod
    def configuration(cls, message: str) -> Self:
        """A default is missing, or no longer in the books."""
        return cls(SyncCode.CONFIGURATION, message)

    @classmethod
    def processing(cls, message: str) -> Self:
        """The transaction does not fit these books."""
        return cls(SyncCode.PROCESSING, message)
