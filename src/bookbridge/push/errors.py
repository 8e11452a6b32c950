"""Why a write is not even accepted, named by what the caller is told. Nothing is stored when one is raised.

    PushError
    ├── UnknownDataType        the contract has no such data type (404)
    ├── NotSupported           the platform does not take this write (404)
    ├── ConnectionNotLinked    nobody has authorised it, or no longer (409)
    ├── MalformedBody          not a JSON object of bearable size (400)
    ├── BadParameter           an id, a time-out or a key that cannot be one (400)
    ├── AttachmentRefused      a file that the platform does not take (400)
    ├── TooManyPending         the connection's queue is full (429)
    └── TooManyWaiting         too many requests wait for the end of their write (429)

Messages are fit to show to callers. Holds no logic.
"""

from __future__ import annotations

from uuid import UUID


class PushError(Exception):
    """Base of this room's errors."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class UnknownDataType(PushError):
    """No data type has this key."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no data type '{name[:100]}'")


class NotSupported(PushError):
    """The platform does not take this kind of write of this data type."""

    def __init__(self, data_type: str, platform: str) -> None:
        super().__init__(f"Datatype '{data_type}' not supported by platform '{platform}'")


class ConnectionNotLinked(PushError):
    """Nothing can be written over a connection that is not Linked."""

    def __init__(self, connection_id: UUID, status: str) -> None:
        super().__init__(f"Data connection {connection_id} is {status}; only a Linked connection can be written to")


class MalformedBody(PushError):
    """The body is not a JSON object, or too large or too deep to be a record."""


class BadParameter(PushError):
    """A parameter that cannot be what it should be. `field` is its name in the contract's spelling."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


class AttachmentRefused(PushError):
    """The platform does not take such a file."""


class TooManyPending(PushError):
    """More writes wait on this connection than are allowed to."""


class TooManyWaiting(PushError):
    """More requests of this process wait for the end of their write than are allowed to."""
