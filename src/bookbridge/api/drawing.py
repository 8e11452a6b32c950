"""A plain PDF of lines of text, for documents that the vendor does not print itself. Pure; knows no record.

Text is set in Courier, one of the fonts that every reader has, so nothing is embedded and columns stand straight.
Characters beyond the Western European ones are shown as question marks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

LINES_PER_PAGE: Final = 56
LINE_CHARACTERS_MAX: Final = 84
"""What fits between the margins of A4 at ten points."""
PAGES_MAX: Final = 200

_FONT: Final = b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>"
_CATALOG_NUMBER, _PAGES_NUMBER, _FONT_NUMBER, _FIRST_PAGE_NUMBER = 1, 2, 3, 4


def plain_pdf(lines: Sequence[str]) -> bytes:
    """The lines, cut to the width of the page, on as many pages as they need but at most PAGES_MAX."""
    pages = [lines[start : start + LINES_PER_PAGE] for start in range(0, len(lines), LINES_PER_PAGE)] or [[]]
    pages = pages[:PAGES_MAX]
    numbers = [_FIRST_PAGE_NUMBER + 2 * place for place in range(len(pages))]
    kids = b" ".join(b"%d 0 R" % number for number in numbers)
    objects = [
        b"<< /Type /Catalog /Pages %d 0 R >>" % _PAGES_NUMBER,
        b"<< /Type /Pages /Kids [%b] /Count %d >>" % (kids, len(pages)),
        _FONT,
    ]
    for number, page in zip(numbers, pages, strict=True):
        objects.append(
            b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 595 842] /Contents %d 0 R"
            b" /Resources << /Font << /F1 %d 0 R >> >> >>" % (_PAGES_NUMBER, number + 1, _FONT_NUMBER)
        )
        text = b"BT /F1 10 Tf 13 TL 45 790 Td " + b" T* ".join(map(_shown, page)) + b" ET"
        objects.append(b"<< /Length %d >>\nstream\n%b\nendstream" % (len(text), text))
    return _assembled(objects)


def _shown(line: str) -> bytes:
    printable = "".join(one if one.isprintable() else " " for one in line[:LINE_CHARACTERS_MAX])
    # Brackets and the backslash are the syntax of text in a PDF.
    escaped = printable.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return b"(%b) Tj" % escaped.encode("cp1252", "replace")


def _assembled(objects: Sequence[bytes]) -> bytes:
    """The file: its objects, numbered from 1, and the table of where each of them begins."""
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root %d 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        _CATALOG_NUMBER,
        start,
    )
    return bytes(out)
