"""A write that has landed is never told to have done nothing, whatever the ledger says when asked for the rest."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from litestar import Response

from bookbridge.api import payable_writes
from bookbridge.connectors.kit.errors import VendorUnavailable
from bookbridge.push.operations import PushOperation
from tests.api.conftest import assert_error
from tests.connectors.sandbox import Sandbox
from tests.products.bill_pay.conftest import XERO, Payables

pytestmark = pytest.mark.usefixtures("worker")

SUPPLIER = {"supplierName": "Landed Ltd", "status": "Active"}


@pytest.mark.parametrize("payables", [XERO], indirect=True)
async def test_a_file_is_answered_though_the_ledger_does_not_list_it(payables: Payables, sandbox: Sandbox) -> None:
    bill = await payables.bill()
    path = f"{payables.base}/bills/{bill['id']}/attachments"
    await sandbox.fault("unavailable", match={"method": "GET", "path": ".*/Attachments"}, times=None)
    answer = await payables.api.http.post(path, files={"file": ("invoice.pdf", b"%PDF-1.4\n")})
    assert answer.status_code == 201, answer.text
    await sandbox.clear_faults()
    [listed] = (await payables.api.http.get(path)).json()
    made = answer.json()
    assert (listed["id"], listed["name"]) == (made["id"], made["name"])


async def test_a_record_that_the_ledger_does_not_show_is_asked_for_again(
    payables: Payables, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = payable_writes._Write._answer
    asked = 0

    async def away_at_first(self: Any, ended: PushOperation) -> Response[bytes]:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise VendorUnavailable("The ledger is away.")
        return await shown(self, ended)

    monkeypatch.setattr(payable_writes._Write, "_answer", away_at_first)
    key = str(uuid4())
    answer = await payables.send("POST", "/suppliers", SUPPLIER, key=key)
    body = assert_error(answer, 409)
    assert "has succeeded" in body["error"]
    [item] = body["validation"]["errors"]
    assert (await payables.ended(item["message"]))["status"] == "Success"
    made = await payables.done("POST", "/suppliers", SUPPLIER, key=key)
    same = [one["id"] for one in await payables.every("/suppliers") if one["supplierName"] == "Landed Ltd"]
    assert same == [made["id"]]
