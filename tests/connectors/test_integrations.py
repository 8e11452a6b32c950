"""The platforms that callers can name, and manifests that agree with the data types they are about."""

from __future__ import annotations

import uuid
from importlib.resources import files

import pytest
from lxml import etree

from bookbridge.accounting import catalog
from bookbridge.accounting.fields import fields_of
from bookbridge.connectors.integrations import INTEGRATIONS, Integration, datatype_features, integration
from bookbridge.connectors.kit.connector import Connector, Operation, Write
from bookbridge.connectors.registry import CONNECTORS, connector

WRITES = [(vendor, row) for vendor in CONNECTORS for row in vendor.writes]


def exists(path: str, write: Write[object]) -> bool:
    struct = write.data_type.record
    for name in path.split("."):
        field = next((one for one in fields_of(struct) if one.json_name == name), None) if struct else None
        if field is None:
            return False
        struct = field.struct  # type: ignore[assignment]
    return True


def test_keys_and_ids_are_unique() -> None:
    keys = [row.key for row in INTEGRATIONS]
    assert len(set(keys)) == len(keys)
    assert all(len(key) == 4 for key in keys)
    assert len({row.integration_id for row in INTEGRATIONS}) == len(keys)


def test_published_ids_are_kept() -> None:
    row = integration("gbol")
    assert row is not None
    assert row.integration_id == uuid.UUID("0f20c943-12d0-4800-9f6c-d218f62d494c")
    assert row.source_id == uuid.UUID("8a156a5a-39cb-4f9d-856e-76ef9b9a9607")


@pytest.mark.parametrize("row", INTEGRATIONS, ids=lambda row: row.key)
def test_every_platform_has_its_pictures(row: Integration) -> None:
    for name in (f"{row.key}.svg", f"{row.key}-button.svg", f"{row.key}-button-hover.svg"):
        picture = etree.fromstring((files("bookbridge.connectors") / "logos" / name).read_bytes())
        assert picture.tag == "{http://www.w3.org/2000/svg}svg"
        assert not picture.findall(".//{*}script")


def test_what_nobody_knows_is_nothing() -> None:
    assert integration("none") is None
    assert connector("none") is None
    assert datatype_features("none") == ()


def test_features_follow_the_manifest() -> None:
    for vendor in CONNECTORS:
        features = {
            row.datatype: {one.feature_type for one in row.supported_features} for row in datatype_features(vendor.key)
        }
        for read in vendor.reads:
            assert "Get" in features[read.data_type.key]
        names = {Operation.CREATE: "Post", Operation.UPDATE: "Put", Operation.DELETE: "Delete"}
        for write in vendor.writes:
            assert names[write.operation] in features[write.data_type.key]
        for rule in vendor.attachments:
            assert "UploadAttachment" in features[rule.data_type]


@pytest.mark.parametrize("vendor", CONNECTORS, ids=lambda vendor: vendor.key)
def test_a_connector_is_a_known_platform_with_sound_facts(vendor: Connector) -> None:
    assert integration(vendor.key) is not None
    assert vendor.endpoints["api"].startswith("https://")
    assert vendor.limits.calls
    for read in vendor.reads:
        names = [source.name for source in read.sources]
        assert len(set(names)) == len(names), "sources are told apart by name"
        if read.hard_deletes:
            assert not any(source.incremental for source in read.sources), "absence shows in whole lists only"
        elif not read.data_type.single:
            assert any(source.incremental for source in read.sources), "absence shows in whole lists: look at it"
    for rule in vendor.attachments:
        assert all(extension == extension.lower() for extension in rule.extensions)


@pytest.mark.parametrize(
    ("vendor", "write"),
    WRITES,
    ids=lambda one: getattr(one, "key", None) or f"{one.data_type.key}-{one.operation.value}",
)
def test_a_write_speaks_of_fields_that_exist(vendor: Connector, write: Write[object]) -> None:
    for path in (*write.fields, *write.required, *write.choices, *write.length_max):
        assert exists(path, write), path
    for path in (*write.choices, *write.length_max):
        assert path in write.fields, f"{path} is restricted but not taken"
    for path in write.required:
        assert any(taken == path or taken.startswith(f"{path}.") for taken in write.fields), path
    for choice in write.choices.values():
        if choice.records_of is not None:
            assert catalog.by_key(choice.records_of)
            assert vendor.read(choice.records_of), "a choice among records needs them read"
