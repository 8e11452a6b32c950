"""Writes over HTTP: options, acceptance, refusal, files and history. Carrying out is the push room's own test."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.api.conftest import Api, assert_error
from tests.api.test_lending import bank_account, store

SUPPLIER = {"supplierName": "Acme Supplies", "status": "Active"}


async def linked_base(api: Api) -> tuple[str, str]:
    company = await api.company()
    return company, f"/companies/{company}/connections/{await api.linked(company)}"


async def test_options(api: Api) -> None:
    _, base = await linked_base(api)
    for name in ("bills", "Suppliers", "billPayments"):
        answer = await api.http.get(f"{base}/options/{name}")
        assert answer.status_code == 200, answer.text
        option = answer.json()
        assert (option["type"], option["required"]) == ("Object", True)
        assert option["properties"]
    assert_error(await api.http.get(f"{base}/options/itemReceipts"), 404)
    assert_error(await api.http.get(f"{base}/options/nonsense"), 404)


async def test_accepted_and_found_in_the_history(api: Api) -> None:
    company, base = await linked_base(api)
    accepted = await api.http.post(f"{base}/push/suppliers?timeoutInMinutes=5", json=SUPPLIER)
    assert accepted.status_code == 200
    operation = accepted.json()
    assert operation["status"] == "Pending", operation
    assert operation["statusCode"] == 202
    assert operation["timeoutInMinutes"] == 5
    assert operation["dataType"] == "suppliers"
    assert "completedOnUtc" not in operation
    refused = await api.http.post(f"{base}/push/suppliers", json={"status": 7})
    assert refused.status_code == 200
    assert refused.json()["status"] == "Failed"
    assert refused.json()["statusCode"] == 400
    assert refused.json()["validation"]["errors"]
    found = (await api.http.get(f"/companies/{company}/push?query=status=Pending&&dataType=suppliers")).json()
    assert [row["pushOperationKey"] for row in found["results"]] == [operation["pushOperationKey"]]
    one = await api.http.get(f"/companies/{company}/push/{operation['pushOperationKey']}")
    assert one.json() == operation
    assert_error(await api.http.get(f"/companies/{company}/push/{uuid4()}"), 404)


async def test_the_history_is_paged_queried_and_ordered(api: Api) -> None:
    company, base = await linked_base(api)
    keys = []
    for number in range(5):
        body = {"status": "Active", **({} if number == 2 else {"supplierName": f"S{number}"})}
        keys.append((await api.http.post(f"{base}/push/suppliers", json=body)).json()["pushOperationKey"])
    history = f"/companies/{company}/push"

    async def shown(**parameters: object) -> list[str]:
        answer = await api.http.get(history, params=parameters)
        assert answer.status_code == 200, answer.text
        return [row["pushOperationKey"] for row in answer.json()["results"]]

    assert await shown() == keys[::-1]
    assert await shown(orderBy="requestedOnUtc") == keys
    assert await shown(orderBy="-requestedOnUtc", pageSize=2, page=2) == keys[::-1][2:4]
    assert await shown(query="status=Failed&&dataType=suppliers") == [keys[2]]
    assert await shown(query="status=Pending||status=Failed", orderBy="requestedOnUtc") == keys
    assert await shown(query="dataType=bills") == []
    page = (await api.http.get(history, params={"page": 2, "pageSize": 2, "query": "status=Pending"})).json()
    assert (page["pageNumber"], page["pageSize"], page["totalResults"]) == (2, 2, 4)
    assert set(page["_links"]) == {"self", "current", "previous"}
    assert page["_links"]["previous"]["href"] == f"{history}?page=1&pageSize=2&query=status%3DPending"
    for wrong in ({"query": "colour=red"}, {"query": "status="}, {"orderBy": "colour"}, {"page": 0}, {"pageSize": -1}):
        assert_error(await api.http.get(history, params=wrong), 400)
    other = await api.company("Other")
    assert (await api.http.get(f"/companies/{other}/push")).json()["totalResults"] == 0
    assert_error(await api.http.get(f"/companies/{other}/push/{keys[0]}"), 404)
    assert_error(await api.http.get(f"/companies/{uuid4()}/push"), 404)


@pytest.mark.parametrize(("minutes", "status"), [("1", 200), ("43200", 200), ("43201", 400), ("-1", 400), ("x", 400)])
async def test_the_bounds_of_a_time_out(api: Api, minutes: str, status: int) -> None:
    company, base = await linked_base(api)
    answer = await api.http.post(f"{base}/push/suppliers?timeoutInMinutes={minutes}", json=SUPPLIER)
    assert answer.status_code == status, answer.text
    if status == 200:
        assert (answer.json()["timeoutInMinutes"], answer.json()["timeoutInSeconds"]) == (
            int(minutes),
            int(minutes) * 60,
        )
    else:
        assert "timeoutInMinutes" in assert_error(answer, 400)["error"]
    stored = (await api.http.get(f"/companies/{company}/push")).json()["totalResults"]
    assert stored == (1 if status == 200 else 0)


async def test_transactions_are_written_under_their_bank_account(api: Api) -> None:
    company = await api.company()
    connection = await api.linked(company, "mqjo")
    base = f"/companies/{company}/connections/{connection}"
    path, lines = f"{base}/push/bankAccounts/a-1/bankTransactions", [{"amount": 1.10, "date": "2026-01-31"}]
    assert_error(await api.http.post(path, json={"transactions": lines}), 404)
    assert_error(await api.http.get(f"{base}/options/bankAccounts/a-1/bankTransactions"), 404)
    await store(api, company, connection, "bankAccounts", bank_account("a-1"), bank_account("a-2"))
    written = await api.http.post(path, json={"transactions": lines})
    assert written.status_code == 200, written.text
    operation = written.json()
    assert (operation["status"], operation["dataType"]) == ("Pending", "bankTransactions"), operation
    body = await api.pool.fetchval("select body from push_operations where id = $1", operation["pushOperationKey"])
    assert body == '{"transactions":[{"amount":1.1,"date":"2026-01-31"}],"accountId":"a-1"}'
    invalid = (await api.http.post(path, json={"transactions": [{"date": "x"}]})).json()
    assert {one["itemId"] for one in invalid["validation"]["errors"]} == {"transactions[0].date"}
    assert_error(await api.http.post(path, json={"accountId": "a-2", "transactions": lines}), 400)
    assert_error(await api.http.post(path, content=b"{"), 400)
    assert_error(await api.http.post(path.replace("bankAccounts", "suppliers"), json={}), 404)
    option = (await api.http.get(f"{base}/options/bankAccounts/a-1/bankTransactions")).json()
    assert [one["value"] for one in option["properties"]["accountId"]["options"]] == ["a-1"]
    assert set(option["properties"]["transactions"]["properties"]) == {"id", "amount", "date", "description", "balance"}
    # A bank account that is still to be made can be named by the key of its write.
    account = {"accountName": "New", "accountType": "Debit", "currency": "GBP"}
    made = (await api.http.post(f"{base}/push/bankAccounts", json=account)).json()["pushOperationKey"]
    later = await api.http.post(f"{base}/push/bankAccounts/{made}/bankTransactions", json={"transactions": lines})
    assert later.json()["status"] == "Pending", later.text


async def test_the_story_of_a_write(api: Api) -> None:
    company, base = await linked_base(api)
    operation = (await api.http.post(f"{base}/push/suppliers", json=SUPPLIER)).json()
    path = f"/companies/{company}/push/{operation['pushOperationKey']}/story"
    told = (await api.http.get(path)).json()
    (step,) = told.pop("story")
    assert told == {"pushOperationKey": operation["pushOperationKey"], "status": "Pending"}
    assert (step["step"], step["run"]) == ("Accepted", 0)
    assert step["time"].endswith("Z")
    assert_error(await api.http.get(f"/companies/{company}/push/{uuid4()}/story"), 404)
    assert_error(await api.http.get(f"/companies/{uuid4()}/push/{operation['pushOperationKey']}/story"), 404)


async def test_a_refusal_in_many_words_is_answered_and_kept_like_any_other(api: Api) -> None:
    _, base = await linked_base(api)
    header = {"Idempotency-Key": str(uuid4())}
    body = {"status": 7, **{f"{number}{'x' * 2_000}": number for number in range(200)}}
    first = await api.http.post(f"{base}/push/suppliers", json=body, headers=header)
    assert first.status_code == 200, first.text
    assert len(first.content) > 64 * 1024
    assert first.json()["status"] == "Failed"
    again = await api.http.post(f"{base}/push/suppliers", json=body, headers=header)
    assert again.content == first.content


async def test_refused(api: Api) -> None:
    company, base = await linked_base(api)
    assert_error(await api.http.post(f"{base}/push/suppliers", content=b"{"), 400)
    assert_error(await api.http.post(f"{base}/push/suppliers", json=[]), 400)
    assert_error(await api.http.post(f"{base}/push/itemReceipts", json={}), 404)
    assert_error(await api.http.post(f"{base}/push/suppliers?timeoutInMinutes=0", json=SUPPLIER), 400)
    assert_error(await api.http.post(f"{base}/push/suppliers?allowSyncOnPushComplete=maybe", json=SUPPLIER), 400)
    pending = f"/companies/{company}/connections/{await api.connection(company)}"
    assert_error(await api.http.post(f"{pending}/push/suppliers", json=SUPPLIER), 409)
    without_connector = f"/companies/{company}/connections/{await api.connection(company, 'qhyg')}"
    assert_error(await api.http.post(f"{without_connector}/push/suppliers", json=SUPPLIER), 404)


async def test_one_operation_per_key(api: Api) -> None:
    company, base = await linked_base(api)
    header = {"Idempotency-Key": str(uuid4())}
    answers = await asyncio.gather(
        *(api.http.post(f"{base}/push/suppliers", json=SUPPLIER, headers=header) for _ in range(5))
    )
    assert {answer.status_code for answer in answers} <= {200, 409}
    again = await api.http.post(f"{base}/push/suppliers", json=SUPPLIER, headers=header)
    assert again.status_code == 200
    assert (await api.http.get(f"/companies/{company}/push")).json()["totalResults"] == 1


async def test_files(api: Api) -> None:
    company, base = await linked_base(api)
    path = f"{base}/push/bills/b-1/attachments"
    for name in ("file", "fileName", "anything"):
        answer = await api.http.post(path, files={name: ("invoice.pdf", b"%PDF-1.4", "application/pdf")})
        assert answer.status_code == 200, answer.text
        assert answer.json()["status"] == "Pending"
    header = {"Idempotency-Key": str(uuid4())}
    keys = {
        (await api.http.post(path, files={"f": ("a.pdf", b"%PDF-1")}, headers=header)).json()["pushOperationKey"]
        for _ in range(2)
    }
    assert len(keys) == 1
    assert_error(await api.http.post(path, files={"f": ("b.pdf", b"%PDF-1")}, headers=header), 422)
    mismatch = await api.http.post(path, files={"f": ("scan.pdf", b"\x89PNG\r\n\x1a\n", "application/pdf")})
    assert_error(mismatch, 400)
    assert "'png'" in mismatch.json()["error"]
    assert_error(await api.http.post(path, files={"f": ("virus.exe", b"x")}), 400)
    assert_error(await api.http.post(path, files={"f": ("empty.pdf", b"")}), 400)
    assert_error(await api.http.post(path, data={"f": "no file"}), 400)
    assert_error(await api.http.post(path, json={}), 400)
    assert_error(await api.http.post(f"{base}/push/suppliers/s/attachments", files={"f": ("a.pdf", b"x")}), 404)
    for content, boundary in ((b"garbage", "b"), (b"--b\r\n", "b"), (b"--b\r\n\r\nx", "b"), (b"", "b"), (b"x", "")):
        header = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        assert_error(await api.http.post(path, content=content, headers=header), 400)
    assert (await api.http.get(f"/companies/{company}/push")).json()["totalResults"] == 4


async def test_too_many_parts(api: Api) -> None:
    _, base = await linked_base(api)
    files: list[Any] = [("f", (f"{number}.pdf", b"x")) for number in range(100)]
    answer = await api.http.post(f"{base}/push/bills/b-1/attachments", files=files)
    assert answer.status_code in {400, 413}
    assert_error(answer, answer.status_code)
