"""May this file be attached on this platform? Its name, its size, and whether its content is what its name says.

Only the beginning of the content is looked at. What a file is used for, and whether it is harmful, is not judged here.
"""

from __future__ import annotations

import mimetypes
import re
from pathlib import PurePath
from typing import Final

import filetype

from bookbridge.connectors.kit.connector import AttachmentRule
from bookbridge.connectors.kit.session import File
from bookbridge.push.errors import AttachmentRefused

FILE_NAME_LENGTH_MAX: Final = 200
DEFAULT_CONTENT_TYPE: Final = "application/octet-stream"
HEAD_SIZE_BYTES: Final = 8 * 1024
"""As much of a file as is looked at to tell its type."""

PDF_START_WITHIN_BYTES: Final = 1024
"""Some programs write a few bytes before a PDF begins; readers accept that."""

_CONTENT_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,100}/[A-Za-z0-9!#$&^_.+-]{1,100}")

_OLE_START: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How documents of old office programs begin, whichever of them wrote it."""

_PACKED: Final = frozenset(("docx", "xlsx", "pptx", "odt", "ods", "odp", "zip"))
_SHOW_AS: Final = {
    "pdf": frozenset(("pdf",)),
    "png": frozenset(("png",)),
    "jpg": frozenset(("jpg",)),
    "jpeg": frozenset(("jpg",)),
    "gif": frozenset(("gif",)),
    "bmp": frozenset(("bmp",)),
    "tif": frozenset(("tif",)),
    "tiff": frozenset(("tif",)),
    "rtf": frozenset(("rtf",)),
    "rar": frozenset(("rar",)),
    "7z": frozenset(("7z",)),
    **dict.fromkeys((*_PACKED, "odf", "pages", "numbers", "keynote", "key"), _PACKED),
    # Old names are kept for new formats, and word processors write RTF under the name of a document.
    **dict.fromkeys(("doc", "xls", "ppt", "msg"), _PACKED | {"doc", "xls", "ppt", "rtf"}),
}
"""As what the content of files with an extension is recognised."""

_TEXTS: Final = frozenset(("csv", "txt", "eml", "xml", "json", "svg", "html", "htm"))
_NEVER_TEXT: Final = frozenset(("pdf", "png", "jpg", "gif", "rar", "7z", "gz", "elf")) | _PACKED
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_PROGRAMS: Final = frozenset(("exe", "elf", "dex"))


async def checked(rule: AttachmentRule, file: File | None) -> File:
    """The file under a name and content type that can be passed on. Raises AttachmentRefused."""
    if file is None or not file.size_bytes:
        raise AttachmentRefused("A file that is not empty is expected.")
    if file.size_bytes > rule.size_max_bytes:
        raise AttachmentRefused(
            f"The file has {file.size_bytes} bytes; this platform takes at most {rule.size_max_bytes}."
        )
    name = _file_name(file.name)
    _check_extension(rule, name)
    _check_content(name, await _head(file))
    content_type = file.content_type.partition(";")[0].strip()
    if not _CONTENT_TYPE.fullmatch(content_type) or content_type == DEFAULT_CONTENT_TYPE:
        content_type = mimetypes.guess_type(name)[0] or DEFAULT_CONTENT_TYPE
    return File(name, content_type, file.content)


async def _head(file: File) -> bytes:
    head = b""
    async for chunk in file.chunks():
        head += chunk[:HEAD_SIZE_BYTES]
        if len(head) >= HEAD_SIZE_BYTES:
            break
    return head[:HEAD_SIZE_BYTES]


def _check_extension(rule: AttachmentRule, name: str) -> None:
    allowed = {extension.lower().lstrip(".") for extension in rule.extensions}
    if allowed and extension_of(name) not in allowed:
        listed = ", ".join(sorted(allowed))
        raise AttachmentRefused(f"This platform takes no '{extension_of(name)}' files, only: {listed}.")


def _check_content(name: str, head: bytes) -> None:
    extension, guessed = extension_of(name), filetype.guess(head)
    kind = guessed.extension if guessed else None
    if not _is_as_named(extension, kind, head):
        looks_like = f"that of a '{kind}' file" if kind else "something else"
        raise AttachmentRefused(f"The file is called '{extension}', but its content looks like {looks_like}.")


def _is_as_named(extension: str, kind: str | None, head: bytes) -> bool:
    expected = _SHOW_AS.get(extension)
    if expected is not None:
        is_late_pdf = extension == "pdf" and b"%PDF" in head[:PDF_START_WITHIN_BYTES]
        return kind in expected or is_late_pdf or ("doc" in expected and head.startswith(_OLE_START))
    if extension in _TEXTS:
        # Text in UTF-16 is half zeros.
        has_zeros = b"\0" in head and not head.startswith(_UTF_16)
        return not has_zeros and kind not in _NEVER_TEXT
    # Of other types nothing is known but that a program is none of them.
    return kind not in _PROGRAMS


def extension_of(name: str) -> str:
    """The extension in lower case, without its dot; empty when there is none."""
    return PurePath(name).suffix.lower().lstrip(".")


def _file_name(name: str) -> str:
    """The last part of the name, without anything that has a meaning to a file system or in a header; the
    extension survives shortening."""
    last = re.split(r"[/\\]", name)[-1]
    clean = "".join(letter if letter.isprintable() and letter not in '<>:"|?*' else "_" for letter in last).strip()
    if not clean.strip("._"):
        raise AttachmentRefused("The file has no name.")
    path = PurePath(clean)
    suffix = path.suffix[:FILE_NAME_LENGTH_MAX]
    return path.stem[: FILE_NAME_LENGTH_MAX - len(suffix)] + suffix
