"""What can go wrong at a vendor, named by what the pipeline does next.

    VendorError
    ├── RateLimited        wait `retry_after_s`, then go on from the checkpoint
    ├── VendorUnavailable  nothing happened there; try again later
    ├── Uncertain          a write may have happened: look it up before anything is sent again
    ├── NeedsRelink        only the customer can repair it: the connection is deauthorised
    ├── Rejected           the vendor refused this very request: tell the caller which fields
    ├── RecordNotFound     the vendor has no such record
    ├── NotSupported       the vendor cannot do this at all
    └── Waiting            the vendor will answer later, by itself (desktop products)

    WouldSend              no error: where a dry run ends

A vendor's `client.py` is the only place that reads message texts and status codes; everything
above it decides by class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class FieldProblem:
    """One field that a vendor (or our own check) refused. `field` is a dotted path in the contract's
    spelling, e.g. `lineItems[0].accountRef.id`; empty when the vendor did not say which."""

    field: str
    message: str


class VendorError(Exception):
    """Base of all vendor errors. `message` is fit to show to a person and to be stored; it holds no secret."""

    def __init__(self, message: str) -> None:
        # It may quote the vendor, and no database keeps a NUL character.
        self.message = message.replace("\0", "")
        super().__init__(self.message)


class RateLimited(VendorError):
    """The vendor's limit (or our budget under it) is used up; nothing was done."""

    def __init__(self, retry_after_s: float, message: str = "The vendor's rate limit is used up.") -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class VendorUnavailable(VendorError):
    """The vendor could not be reached or answered with a fault of its own; nothing was written."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Uncertain(VendorError):
    """A write was sent and its outcome is not known: it may have landed."""


class NeedsRelink(VendorError):
    """The authorisation is gone (revoked, expired, removed); only the customer can give it again."""


class Rejected(VendorError):
    """The vendor understood the request and refused it; sending it again unchanged cannot work."""

    def __init__(self, message: str, fields: tuple[FieldProblem, ...] = ()) -> None:
        super().__init__(message)
        self.fields = fields


class RecordNotFound(VendorError):
    """The vendor has no record under this id."""


class NotSupported(VendorError):
    """The vendor (or this customer's edition of it) cannot do this."""


class Waiting(VendorError):
    """The question was handed over; the vendor answers in its own time and the work is rung again."""


class WouldSend(Exception):
    """In a dry run: the request that would have written. No VendorError, since nothing is wrong with the vendor: it
    ends the work of a session, whatever errors that work expects."""

    def __init__(self, method: str, path: str, params: Mapping[str, str], content: object) -> None:
        super().__init__(f"{method} {path}")
        self.method = method
        self.path = path
        """Without the vendor's host."""
        self.params = params
        self.content = content
        """The bytes of the body, a stream of them, or None."""
