"""The file in a multipart form: held on disk unless it is small, refused as early as it is known to be too large.

What the file is, and whether the platform takes it, is judged by `push.uploads`.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from litestar.datastructures import UploadFile
from litestar.exceptions import InternalServerException

from bookbridge.api.bodies import AnyRequest, cut_off
from bookbridge.api.errors import PUSH, ApiError
from bookbridge.connectors import registry
from bookbridge.connectors.kit.connector import AttachmentRule
from bookbridge.connectors.kit.session import File
from bookbridge.connectors.kit.streams import CHUNK_SIZE_BYTES, Streamed

MULTIPART_OVERHEAD_BYTES: Final = 64 * 1024
"""Boundaries, headers and small fields beside the file."""

UPLOAD_SIZE_MAX_BYTES: Final = MULTIPART_OVERHEAD_BYTES + max(
    (rule.size_max_bytes for connector in registry.CONNECTORS for rule in connector.attachments), default=0
)
"""The largest body that any platform's files need."""


@dataclass(frozen=True)
class Upload:
    """A file that was sent."""

    file: File
    digest: bytes
    """SHA-256 of its content."""

    @property
    def fingerprint(self) -> bytes:
        """The same for the same file, however the form around it was written."""
        return b"\n".join([self.file.name.encode("utf-8", "replace"), self.file.content_type.encode(), self.digest])


async def upload_of(request: AnyRequest, rule: AttachmentRule) -> Upload:
    """The first part of the form that is a file, whatever its name. Raises ApiError 413 as early as its size is known,
    400 for a form without a file."""
    if (request.content_length or 0) > rule.size_max_bytes + MULTIPART_OVERHEAD_BYTES:
        raise ApiError(413, _too_large(rule), service=PUSH, headers={"Connection": "close"})
    try:
        form = await request.form()
    except InternalServerException as error:
        raise cut_off() from error
    for part in form.values():
        if isinstance(part, UploadFile):
            digest, size_bytes = hashlib.sha256(), 0
            async for chunk in _pieces(part):
                digest.update(chunk)
                size_bytes += len(chunk)
            if size_bytes > rule.size_max_bytes:
                raise ApiError(413, _too_large(rule), service=PUSH)
            content = Streamed(partial(_pieces, part), size_bytes)
            return Upload(File(part.filename, part.content_type, content), digest.digest())
    raise ApiError(400, "A multipart form with a file is expected.", service=PUSH)


async def _pieces(part: UploadFile) -> AsyncIterator[bytes]:
    await part.seek(0)
    while chunk := await part.read(CHUNK_SIZE_BYTES):
        yield chunk


def _too_large(rule: AttachmentRule) -> str:
    return f"An attachment may have at most {rule.size_max_bytes} bytes on this platform."
