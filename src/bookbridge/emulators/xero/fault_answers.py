"""The answers that faults and limits give in place of the ordinary one.

It must not decide whether one is due: faults.py and limits.py do.
"""

from __future__ import annotations

from bookbridge.emulators.xero.faults import Fault
from bookbridge.emulators.xero.http import Response, text_response
from bookbridge.emulators.xero.limits import Exceeded

_EXHAUSTED = {
    "minute": "x-minlimit-remaining",
    "day": "x-daylimit-remaining",
    "appminute": "x-appminlimit-remaining",
}


def fault_answer(fault: Fault) -> Response:
    """What a client sees of a fault that answers, or drops the connection, itself."""
    asked = fault.asked
    if asked.kind == "drop_before":
        return Response(drop=True)
    if asked.kind == "rate_limit":
        after = None if asked.problem == "concurrent" else (asked.retry_after_s or 1)
        return too_many(Exceeded(asked.problem, after))
    if asked.kind == "unavailable":
        headers = {} if asked.retry_after_s is None else {"retry-after": str(asked.retry_after_s)}
        return Response(status=asked.status or 503, headers=headers)
    if asked.kind == "html":
        page = "<!DOCTYPE html><html><head><title>Bad gateway</title></head><body>Bad gateway</body></html>"
        return text_response(page, asked.status or 502, "text/html")
    return text_response("An error occurred in Xero. Check the API Status page.", asked.status or 500)


def too_many(exceeded: Exceeded) -> Response:
    """429, as the limit that was exceeded shows itself."""
    headers = {"x-rate-limit-problem": exceeded.problem}
    if exceeded.problem in _EXHAUSTED:
        headers[_EXHAUSTED[exceeded.problem]] = "0"
    if exceeded.retry_after_s is not None:
        headers["retry-after"] = str(exceeded.retry_after_s)
    return Response(status=429, headers=headers)
