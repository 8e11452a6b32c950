"""Files beside bills: put there, listed and fetched again within the request."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from bookbridge.connectors.registry import connector
from tests.api.conftest import assert_error
from tests.products.bill_pay.conftest import Payables

pytestmark = pytest.mark.usefixtures("worker")

PDF = b"%PDF-1.4\n" + bytes(range(256)) * 200


@pytest.mark.parametrize("part", ["file", "anything"])
async def test_a_file_comes_back_as_it_was(payables: Payables, part: str) -> None:
    bill = await payables.bill()
    path = f"{payables.base}/bills/{bill['id']}/attachments"
    key = {"Idempotency-Key": str(uuid4())}
    answers = [
        await payables.api.http.post(path, files={part: ("invoice.pdf", PDF, "application/pdf")}, headers=key)
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201], answers[0].text
    made = answers[0].json()
    assert answers[1].json() == made
    assert (made["name"], made["contentType"], made["fileSize"]) == ("invoice.pdf", "application/pdf", len(PDF))
    UUID(made["id"])
    listed = (await payables.api.http.get(path)).json()
    assert listed == [made]
    fetched = await payables.api.http.get(f"{path}/{made['id']}/download")
    assert fetched.status_code == 200
    assert (fetched.content, fetched.headers["content-type"]) == (PDF, "application/octet-stream")


async def test_what_cannot_be_attached(payables: Payables) -> None:
    bill = await payables.bill()
    path = f"{payables.base}/bills/{bill['id']}/attachments"
    missing = path.replace(bill["id"], str(uuid4()))
    http = payables.api.http
    assert_error(await http.post(missing, files={"file": ("a.pdf", PDF)}), 404)
    assert_error(await http.get(missing), 404)
    assert_error(await http.get(f"{path}/{uuid4()}/download"), 404)
    assert_error(await http.post(path, files={"file": ("a.exe", b"MZ" + PDF)}), 400)
    assert_error(await http.post(path, files={"file": ("a.pdf", b"")}), 400)
    assert_error(await http.post(path, json={}), 400)
    vendor = connector(payables.platform)
    assert vendor is not None
    rule = vendor.attachment_rule("bills")
    assert rule is not None
    too_large = b"%PDF" + bytes(rule.size_max_bytes)
    assert_error(await http.post(path, files={"file": ("a.pdf", too_large)}), 413)
    assert (await http.get(path)).json() == []
