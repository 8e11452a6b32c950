"""What is proved, what is found missing or too much, and deletions: believed, held back, confirmed, taken back."""

from __future__ import annotations

import pytest

from bookbridge.sync import states
from bookbridge.sync.dataset_run import ROUNDS_MAX
from bookbridge.sync.datasets import Status
from bookbridge.sync.states import Completeness
from tests.sync.conftest import Desk, OpenDesk, Veil

BILLS = 30


async def deleted(desk: Desk, data_type: str) -> set[str]:
    """Ids of the records that callers see as deleted."""
    return {key for key, body in (await desk.records(data_type)).items() if body["metadata"]["isDeleted"]}


async def test_a_total_that_never_matches_is_an_error_with_both_numbers(desk: Desk, veil: Veil) -> None:
    veil.uncounted = 3
    short = await desk.read("bills")
    stored = len(await desk.records("bills"))
    assert stored > 0
    assert (short.status, short.rounds) == (Status.FETCH_ERROR, ROUNDS_MAX)
    assert f"lists {stored + 3} bills and {stored} were read" in (short.error_message or "")
    state = await desk.state("bills")
    assert state.completeness is Completeness.SHORT
    assert state.completeness_method == short.error_message
    veil.uncounted = 0
    again = await desk.read("bills")
    assert (again.status, again.since, again.records_written) == (Status.COMPLETE, None, 0)
    assert (await desk.state("bills")).completeness is Completeness.COMPLETE


async def test_what_came_while_a_list_was_read_is_read_in_another_round(desk: Desk, veil: Veil) -> None:
    first = await desk.read("bills")
    late = next(iter(await desk.records("bills")))
    await desk.pool.execute("delete from records where record_id = $1", late)
    again = await desk.read("bills")
    assert (again.status, again.rounds) == (Status.COMPLETE, 1)
    assert again.started is not None
    assert first.started is not None
    assert late in await desk.records("bills")
    assert (await desk.state("bills")).last_full_read == again.started


async def test_soft_deletions_are_read_as_such(desk: Desk) -> None:
    await desk.read("bills")
    rows = await desk.pool.fetch("select record_id, source_body, is_deleted from records where data_type = 'bills'")
    gone = {row["record_id"] for row in rows if '"DELETED"' in row["source_body"]}
    assert gone
    assert gone == await deleted(desk, "bills") == {row["record_id"] for row in rows if row["is_deleted"]}


@pytest.mark.parametrize(
    ("data_type", "resource"),
    [("items", "Items"), ("chartOfAccounts", "Accounts"), ("bankAccounts", "Accounts"), ("transfers", "BankTransfers")],
)
async def test_what_was_deleted_without_trace_is_found(desk: Desk, data_type: str, resource: str) -> None:
    await desk.read(data_type)
    before = await desk.records(data_type)
    known = await deleted(desk, data_type)
    rows = await desk.pool.fetch("select record_id from records where source_body like '%\"SystemAccount\"%'")
    needed = {row["record_id"] for row in rows}  # no ledger stands without these
    gone = sorted(before.keys() - known - needed)[0]
    await desk.remove(gone, resource)
    again = await desk.read(data_type)
    assert (again.status, again.error_message) == (Status.COMPLETE, None)
    after = await desk.records(data_type)
    assert await deleted(desk, data_type) == {*known, gone}
    assert after.keys() == before.keys()
    assert {**after[gone], "metadata": None, "modifiedDate": None} == {
        **before[gone],
        "metadata": None,
        "modifiedDate": None,
    }
    versions = await desk.versions()
    await desk.read(data_type)
    assert await desk.versions() == versions, "what is known to be gone is not written again"
    assert await desk.pool.fetchval("select count(*) from listed_records") == 0


async def test_a_bill_that_vanished_is_found_by_the_count(open_desk: OpenDesk) -> None:
    desk = await open_desk(documents=2 * BILLS)
    await desk.read("bills")
    gone = sorted(await desk.records("bills"))[0]
    await desk.remove(gone, "Invoices")
    again = await desk.read("bills")
    assert (again.status, again.rounds) == (Status.COMPLETE, 1)
    assert await deleted(desk, "bills") == {gone}
    state = await desk.state("bills")
    assert (state.expected, state.stored, state.completeness) == (BILLS - 1, BILLS - 1, Completeness.COMPLETE)


async def test_a_mass_deletion_waits_for_a_person(open_desk: OpenDesk) -> None:
    desk = await open_desk(documents=2 * BILLS)
    await desk.read("bills")
    gone = set(sorted(await desk.records("bills"))[:25])
    for record_id in gone:
        await desk.remove(record_id, "Invoices")
    held = await desk.read("bills")
    assert held.status == Status.COMPLETE
    assert await deleted(desk, "bills") == set()
    state = await desk.state("bills")
    assert (state.deletions_held, state.completeness) == (25, Completeness.SHORT)
    (told,) = (await desk.payloads("read.completed"))[-1]["dataTypes"]
    assert [issue["type"] for issue in told["issues"]] == ["warning.deletions"]
    assert "25 records of bills vanished at once" in told["issues"][0]["message"]

    await desk.read("bills")
    assert (await desk.state("bills")).deletions_held == 25, "still waiting"
    assert await states.confirm_deletions(desk.pool, desk.company.id, desk.connection.id, "bills")
    await desk.read("bills")
    assert await deleted(desk, "bills") == gone
    state = await desk.state("bills")
    assert (state.deletions_held, state.deletions_confirmed) == (0, False)
    assert (state.expected, state.completeness) == (BILLS - 25, Completeness.COMPLETE)
    assert not await states.confirm_deletions(desk.pool, desk.company.id, desk.connection.id, "bills")


async def test_a_list_that_is_empty_by_mistake_deletes_nothing(desk: Desk, veil: Veil) -> None:
    await desk.read("items")
    before = await desk.records("items")
    assert len(before) >= 20
    veil.hidden = set(before)
    await desk.read("items")
    state = await desk.state("items")
    assert (state.deletions_held, state.completeness) == (len(before), Completeness.SHORT)
    veil.hidden = set()
    versions = await desk.versions()
    await desk.read("items")
    state = await desk.state("items")
    assert (state.deletions_held, state.completeness) == (0, Completeness.COMPLETE)
    assert await desk.versions() == versions
    assert await deleted(desk, "items") == set()


async def test_a_record_that_reappears_lives_again(desk: Desk, veil: Veil) -> None:
    await desk.read("items")
    gone = sorted(await desk.records("items"))[0]
    veil.hidden = {gone}
    await desk.read("items")
    assert await deleted(desk, "items") == {gone}
    veil.hidden = set()
    await desk.read("items")
    assert await deleted(desk, "items") == set()


async def test_a_deleted_record_that_reappears_unchanged_counts_again(desk: Desk, veil: Veil) -> None:
    await desk.read("bills")
    stored = len(await desk.records("bills"))
    gone = sorted(await deleted(desk, "bills"))[0]
    veil.hidden = {gone}
    assert (await desk.read("bills")).status == Status.COMPLETE
    assert (await desk.state("bills")).stored == stored - 1
    veil.hidden = set()
    again = await desk.read("bills")
    assert (again.status, again.records_written) == (Status.COMPLETE, 1), again.error_message
    assert (await desk.state("bills")).stored == stored
