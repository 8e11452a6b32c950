"""Every write of every connector: its samples may be written, and its form can be drawn."""

from __future__ import annotations

import asyncpg
import msgspec
import pytest

from bookbridge.accounting.options import PushOptionType
from bookbridge.companies.connections import Connection
from bookbridge.connectors import registry
from bookbridge.connectors.kit.connector import Operation
from bookbridge.push import bodies
from bookbridge.push.findings import Findings
from bookbridge.push.options import options
from bookbridge.push.validation import check_record
from tests.connectors.golden import WriteSample, folder, write_samples

CREATED = sorted(
    {
        (connector.key, row.data_type.key)
        for connector in registry.CONNECTORS
        for row in connector.writes
        if row.operation is Operation.CREATE
    }
)


@pytest.mark.parametrize("sample", list(write_samples()), ids=lambda one: f"{one.connector.key}-{one.name}")
def test_its_samples_may_be_written(sample: WriteSample) -> None:
    path = folder(sample.connector) / f"{sample.name}.record.json"
    for raw in msgspec.json.decode(path.read_bytes(), type=list[msgspec.Raw]):
        findings = Findings(sample.write.data_type.name)
        record = bodies.checked_record(sample.write, bodies.parse(bytes(raw)), findings)
        assert record is not None
        check_record(sample.write, record, findings)
        assert findings.validation().errors == ()


@pytest.mark.parametrize(("key", "data_type"), CREATED)
async def test_its_form_can_be_drawn(pool: asyncpg.Pool, connection: Connection, key: str, data_type: str) -> None:
    connector = registry.connector(key)
    assert connector is not None
    form = await options(pool, connector, connection.company_id, connection.id, data_type)
    assert form.type is PushOptionType.OBJECT
    assert form.properties
    write = connector.write(data_type, Operation.CREATE)
    assert write is not None
    for path in write.fields:
        within = form
        for name in path.split("."):
            assert within.properties is not None, path
            within = within.properties[name]
