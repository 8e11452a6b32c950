"""What can go wrong with companies, connections and linking, named by what the caller is told.

    CompaniesError
    ├── ValidationProblem      the input breaks a rule (400)
    ├── CompanyNotFound        (404)
    ├── ConnectionNotFound     (404)
    ├── ApiKeyNotFound         (404)
    ├── Conflict               the present state does not allow it (409)
    └── LinkRefused            a link, a code or a browser is not (or no longer) good for this (401)

Messages are fit to show to callers and hold no secret. Holds no logic.
"""

from __future__ import annotations

from uuid import UUID


class CompaniesError(Exception):
    """Base of this room's errors."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ValidationProblem(CompaniesError):
    """The input breaks a rule. `field` is its name in the contract's spelling; empty: all of it."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class CompanyNotFound(CompaniesError):
    """There is no such company."""

    def __init__(self, company_id: UUID) -> None:
        super().__init__(f"No company was found with ID {company_id}")
        self.company_id = company_id


class ConnectionNotFound(CompaniesError):
    """There is no such connection of this company (any more)."""

    def __init__(self, connection_id: UUID) -> None:
        super().__init__(f"Data connection {connection_id} not found")
        self.connection_id = connection_id


class ApiKeyNotFound(CompaniesError):
    """There is no such API key."""


class Conflict(CompaniesError):
    """The present state does not allow it; nothing was changed."""


class LinkRefused(CompaniesError):
    """A link code or attempt that is unknown, used up, expired, or of another browser."""
