"""One record at a time: what a session gives for an id is what the list holds under it, for every type."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from bookbridge.accounting.records import ListedRecord
from bookbridge.connectors.kit.connector import Connector, Read
from bookbridge.connectors.kit.errors import NotSupported
from bookbridge.connectors.kit.session import Session
from bookbridge.connectors.sandbox.manifest import CONNECTOR as SANDBOX
from bookbridge.connectors.xero.manifest import CONNECTOR as XERO
from tests.connectors.own_ledger import serving
from tests.connectors.sandbox import Sandbox

ASKED_MAX = 3
"""Records of each list that are asked for."""


@pytest.fixture(params=[SANDBOX, XERO], ids=lambda connector: connector.key)
def connector(request: pytest.FixtureRequest) -> Connector:
    found: Connector = request.param
    return found


@pytest.fixture
async def session(
    connector: Connector, vendor_http: httpx2.AsyncClient, sandbox: Sandbox
) -> AsyncIterator[tuple[Session, Any]]:
    if connector is XERO:
        access = await sandbox.access(await sandbox.add_organisation())
        yield XERO.open(access), access.facts
        return
    async with serving() as ledger:
        access = await ledger.access(vendor_http)
        yield SANDBOX.open(access), access.facts


async def listed(session: Session, read: Read[Any], facts: Any) -> list[tuple[str, ListedRecord]]:
    """Some records of each list of a type, with the name of the list."""
    found = []
    for source in read.sources:
        of_source: list[tuple[str, ListedRecord]] = []
        async for page in session.pages(source, since=None, cursor=None):
            for payload in page.payloads:
                shaped = source.shape(payload, facts)
                records = shaped if isinstance(shaped, (list, tuple)) else [shaped] if shaped else []
                of_source += [(source.name, record) for record in records if len(of_source) < ASKED_MAX]
        found += of_source
    return found


async def test_each_type_gives_single_records_as_its_list_does(
    session: tuple[Session, Any], connector: Connector
) -> None:
    opened, facts = session
    asked = 0
    for read in connector.reads:
        if read.data_type.single or (connector is XERO and read.data_type.key == "accountTransactions"):
            with pytest.raises(NotSupported):
                await opened.record(read.data_type.key, str(uuid4()))
            continue
        assert await opened.record(read.data_type.key, str(uuid4())) is None
        for source, record in await listed(opened, read, facts):
            assert record.id is not None
            reread = await opened.record(read.data_type.key, record.id)
            assert reread is not None, (read.data_type.key, source)
            assert (reread.data_type, reread.source, reread.record) == (read.data_type.key, source, record)
            assert reread.raw.startswith(b"{")
            asked += 1
    assert asked > len(connector.reads)


async def test_ids_that_lead_elsewhere_name_no_record(session: tuple[Session, Any]) -> None:
    opened, _ = session
    for odd in ("..", "a/b", "%2e%2e", "0", "INV-001"):
        assert await opened.record("bills", odd) is None
    with pytest.raises(NotSupported):
        await opened.record("unheardOf", "1")
