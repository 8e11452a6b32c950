"""The sandbox as shipped, killed with everything around it: what a person linked there goes on working."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.installation import Installation


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Installation]:
    """An installation of this test's own that serves its own emulators. Its log is shown when the test fails."""
    made = Installation(tmp_path)
    made.start()
    yield made
    made.stop()
    print(made.log())


def test_a_linked_sandbox_survives_a_kill_of_everything(own: Installation) -> None:
    tenant = own.organisation("Survivors Ltd", documents=20)
    company = own.company()
    connection = own.linked(company, tenant)
    own.wait_for_reads(company)
    bills = own.total(company, "bills")
    assert bills

    own.kill()
    own.start()
    # The access token of before is gone, so the refresh token must work as well.
    own.emulator("POST", "expire-tokens")
    own.emulator("POST", f"organisations/{tenant}/touch", {"resource": "Invoices"})
    # One data type only: more would wait for the vendor's calls a minute.
    own.call("POST", f"/companies/{company}/data/queue/bills")
    own.wait_for_reads(company)
    shown = own.call("GET", f"/companies/{company}/connections/{connection}")
    assert (shown["status"], shown.get("dataConnectionErrors")) == ("Linked", None)
    assert own.total(company, "bills") == bills
    calls = own.emulator("GET", "requests")["requests"]
    assert "/connect/token" in {call["path"] for call in calls}, "it refreshed"
    assert "/api.xro/2.0/Invoices" in {call["path"] for call in calls}, "and read"
