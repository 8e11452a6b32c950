"""What a session may do beyond `Session`: give a document as the vendor prints it.

Few vendors do, so it is a protocol of its own, asked for with `isinstance`.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from bookbridge.connectors.kit.session import File


@runtime_checkable
class Printer(Protocol):
    """A session whose vendor prints documents."""

    async def printed(self, data_type: str, record_id: str) -> File:
        """The record as a PDF. Raises NotSupported for data types that the vendor does not print,
        RecordNotFound for an unknown record, or any other VendorError."""
        ...
