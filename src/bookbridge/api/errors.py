"""The one error body of the API, and which exception gets which status.

    {"statusCode": 404, "service": "ClientsApi", "error": "…", "correlationId": "…", "canBeRetried": "Unknown",
     "detailedErrorCode": 0}

`validation` is added where fields are to blame, and left out otherwise: clients of this contract fail on null.
No answer ever holds a stack trace or the text of an exception that is not ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from typing import Any, Final

import asyncpg
import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from msgspec import UNSET, UnsetType

from bookbridge.accounting.catalog import UnknownDataTypeError
from bookbridge.companies import errors as companies
from bookbridge.connectors.kit import errors as vendors
from bookbridge.products.expenses import errors as expenses
from bookbridge.push import errors as push
from bookbridge.push.idempotency import ClaimLost
from bookbridge.store.pool import DATABASE_AWAY
from bookbridge.store.query import QueryError
from bookbridge.sync import queue as sync_queue
from bookbridge.webhooks import consumers

log = structlog.get_logger(__name__)

PUBLIC: Final = "PublicApi"
CLIENTS: Final = "ClientsApi"
PULL: Final = "PullApi"
PUSH: Final = "PushApi"
EXPENSES: Final = "ExpenseSyncApi"

MESSAGE_LENGTH_MAX: Final = 1_000
LOGGED_LENGTH_MAX: Final = 300
UNAVAILABLE_RETRY_AFTER_S: Final = 5
SERVER_ERROR: Final = "There is a problem with our server. Please try again later."
UNAVAILABLE: Final = "The API is temporarily unavailable. Please try again later."

HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""Of every JSON answer: it may hold somebody's books, or a key."""

correlation_id: ContextVar[str] = ContextVar("correlation_id", default="")
"""Of the request being served: 32 hexadecimal digits, also in its log lines and in the X-Correlation-Id header."""


class FaultyField(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One entry of `validation`."""

    item_id: str
    """The field, by its path."""
    message: str
    """What is wrong with it."""
    validator_name: str
    """Who found it."""


class FaultyFields(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The fields that are to blame."""

    errors: tuple[FaultyField, ...] = ()
    """What keeps the request from being carried out."""
    warnings: tuple[FaultyField, ...] = ()
    """What is worth knowing."""


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What every refusal looks like."""

    status_code: int
    """The status, once more."""
    service: str
    """The part of the API that refused."""
    error: str
    """What went wrong, where, and what to do."""
    correlation_id: str
    """Name of the request in the log, also in the header X-Correlation-Id."""
    validation: FaultyFields | UnsetType = UNSET
    """The fields that are to blame, where fields are."""
    can_be_retried: str = "Unknown"
    """No where the same request can only be refused again; else Unknown: the status tells."""
    detailed_error_code: int = 0
    """Always 0."""


class ApiError(Exception):
    """An error as the caller shall see it. `fields` are (name in the contract's spelling, message)."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        service: str = PUBLIC,
        fields: Iterable[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        can_be_retried: str = "Unknown",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.service = service
        self.fields = tuple(fields)
        self.headers = dict(headers or {})
        self.can_be_retried = can_be_retried

    def response(self) -> Response[bytes]:
        """The answer that tells it."""
        faulty = FaultyFields(
            errors=tuple(
                FaultyField(item_id=name, message=message[:MESSAGE_LENGTH_MAX], validator_name="Request")
                for name, message in self.fields
            )
        )
        body = ErrorBody(
            status_code=self.status,
            service=self.service,
            error=self.message[:MESSAGE_LENGTH_MAX],
            correlation_id=correlation_id.get(),
            validation=faulty if self.fields else UNSET,
            can_be_retried=self.can_be_retried,
        )
        return Response(
            msgspec.json.encode(body),
            status_code=self.status,
            media_type="application/json",
            headers={**HEADERS, **self.headers},
        )


def not_found(message: str, service: str = PUBLIC) -> ApiError:
    """A 404."""
    return ApiError(404, message, service=service)


# The first row that matches wins: a subclass stands above its base.
_MEANINGS: Final[tuple[tuple[type[Exception], int, str], ...]] = (
    (companies.ValidationProblem, 400, CLIENTS),
    (companies.CompanyNotFound, 404, CLIENTS),
    (companies.ConnectionNotFound, 404, CLIENTS),
    (companies.ApiKeyNotFound, 404, CLIENTS),
    (companies.Conflict, 409, CLIENTS),
    (companies.LinkRefused, 401, CLIENTS),
    (QueryError, 400, CLIENTS),
    (UnknownDataTypeError, 404, PULL),
    (sync_queue.QueueError, 400, PULL),
    (push.UnknownDataType, 404, PUSH),
    (push.NotSupported, 404, PUSH),
    (push.ConnectionNotLinked, 409, PUSH),
    (push.TooManyPending, 429, PUSH),
    (push.TooManyWaiting, 429, PUSH),
    (push.PushError, 400, PUSH),
    (consumers.InvalidConsumer, 400, CLIENTS),
    (consumers.TooManyConsumers, 409, CLIENTS),
    (expenses.NotFound, 404, EXPENSES),
    (expenses.NoLedger, 404, EXPENSES),
    (expenses.NotUpdatable, 422, EXPENSES),
    (expenses.ExpenseError, 400, EXPENSES),
    (vendors.RateLimited, 429, PUBLIC),
    # Not 5xx: callers' libraries repeat those for up to an hour, and the fault is neither ours nor passing.
    (vendors.VendorUnavailable, 424, PUBLIC),
    (vendors.NeedsRelink, 409, PUBLIC),
    (vendors.Rejected, 400, PUBLIC),
    (vendors.RecordNotFound, 404, PUBLIC),
    (vendors.NotSupported, 404, PUBLIC),
    (vendors.VendorError, 424, PUBLIC),
    (ClaimLost, 409, PUBLIC),
)

_SPEAKS_FOR_ITSELF: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    ConnectionError,
    FileNotFoundError,
)
"""What a database that is away raises, from whatever place: a stack for each request would hide all else in the log."""

_HTTP_MESSAGES: Final = {
    404: "There is nothing at this address.",
    405: "This method is not allowed at this address.",
    413: "The request body is too large.",
}


def described(error: Exception) -> ApiError:
    """The error as the caller shall see it. Unexpected ones become 500 (503 while the database is away)."""
    if isinstance(error, ApiError):
        return error
    for kind, status, service in _MEANINGS:
        if isinstance(error, kind):
            return ApiError(
                status,
                str(getattr(error, "message", error)),
                service=service,
                fields=_fields(error),
                headers=_headers(error, status),
                can_be_retried="No" if isinstance(error, expenses.InvalidRequest) else "Unknown",
            )
    if isinstance(error, consumers.ConsumerNotFound):
        return ApiError(404, f"No webhook consumer was found with ID {error}", service=CLIENTS)
    if isinstance(error, HTTPException):
        return _of_framework(error)
    # Text that PostgreSQL cannot keep (NUL, half a surrogate pair) or a number beyond a column: the caller's.
    if isinstance(error, asyncpg.DataError):
        return ApiError(400, "The request holds a value that cannot be stored.")
    if isinstance(error, DATABASE_AWAY):
        return ApiError(503, UNAVAILABLE, headers={"Retry-After": str(UNAVAILABLE_RETRY_AFTER_S)})
    return ApiError(500, SERVER_ERROR)


def handle(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Litestar's exception handler for everything under the API."""
    return told(error, request.method, request.url.path)


def told(error: Exception, method: str, path: str) -> Response[bytes]:
    """The answer that tells of the error; faults of ours are logged with their stack."""
    shown = described(error)
    where = {"method": method, "path": _printable(path), "status": shown.status}
    if shown.status == 503 and isinstance(error, _SPEAKS_FOR_ITSELF):
        log.error("database_unreachable", **where, error=f"{type(error).__name__}: {error}")
    elif shown.status >= 500 or isinstance(error, asyncpg.DataError):
        log.error("request_failed", **where, exc_info=error)
    else:
        log.info("request_refused", **where, error=_printable(shown.message))
    return shown.response()


def _printable(text: str) -> str:
    """Text of a caller's for a log line: short, and without characters that a terminal would obey."""
    return ascii(text[:LOGGED_LENGTH_MAX])[1:-1]


def _fields(error: Exception) -> list[tuple[str, str]]:
    if isinstance(error, consumers.InvalidConsumer | expenses.InvalidRequest):
        return [(problem.field, problem.message) for problem in error.problems]
    if isinstance(error, vendors.Rejected):
        return [(problem.field, problem.message) for problem in error.fields]
    if isinstance(error, companies.ValidationProblem | push.BadParameter) and error.field:
        return [(error.field, error.message)]
    return []


def _headers(error: Exception, status: int) -> dict[str, str]:
    if status != 429:
        return {}
    wait_s = error.retry_after_s if isinstance(error, vendors.RateLimited) else UNAVAILABLE_RETRY_AFTER_S
    return {"Retry-After": str(max(1, round(wait_s)))}


def _of_framework(error: HTTPException) -> ApiError:
    status = error.status_code
    headers = dict(error.headers or {})
    if status == 413:
        # What was not read cannot be skipped: the connection ends here.
        headers["Connection"] = "close"
    if status >= 500:
        return ApiError(status, SERVER_ERROR)
    return ApiError(status, _HTTP_MESSAGES.get(status, "Error processing request - not valid."), headers=headers)
