"""Every list of every data type of every connector: the sample gives the expected records, and sound ones."""

from __future__ import annotations

import pytest

from bookbridge.accounting.records import ListedRecord
from tests.connectors.golden import Sample, WriteSample, samples, write_samples


@pytest.fixture(params=list(samples()), ids=lambda sample: f"{sample.connector.key}-{sample.name}")
def sample(request: pytest.FixtureRequest) -> Sample:
    found = request.param
    assert isinstance(found, Sample)
    return found


def test_the_sample_gives_the_expected_records(sample: Sample) -> None:
    assert sample.shaped_text() == sample.expected_path.read_text()


def test_the_records_are_consistent(sample: Sample) -> None:
    problems = [
        (record, problem)
        for records in sample.records()
        for record in records
        for problem in sample.read.data_type.check(record)
    ]
    assert problems == []


def test_records_survive_storage_and_have_ids_of_their_own(sample: Sample) -> None:
    data_type = sample.read.data_type
    records = [record for found in sample.records() for record in found]
    assert records, "a sample without records proves nothing"
    assert [data_type.decode(data_type.encode(record)) for record in records] == records
    ids = [data_type.record_id(record) for record in records]
    assert len(set(ids)) == len(ids)


def test_shaping_is_repeatable(sample: Sample) -> None:
    assert sample.records() == sample.records()


@pytest.mark.parametrize(
    "written", list(write_samples()), ids=lambda written: f"{written.connector.key}-{written.name}"
)
def test_a_record_becomes_the_expected_payload(written: WriteSample) -> None:
    assert written.shaped_text() == written.expected_path.read_text()
    for record in written.records():
        assert written.write.check is None or list(written.write.check(record)) == []


COUNTABLE = [one for one in samples() if one.source.countable]
INCREMENTAL = [one for one in samples() if one.source.incremental]


@pytest.mark.parametrize("counted", COUNTABLE, ids=lambda one: f"{one.connector.key}-{one.name}")
def test_a_countable_list_makes_one_record_of_each_payload(counted: Sample) -> None:
    # None at all only for rows that the list's own filter never lets through.
    assert {len(found) for found in counted.records()} <= {0, 1}


@pytest.mark.parametrize("changing", INCREMENTAL, ids=lambda one: f"{one.connector.key}-{one.name}")
def test_records_tell_when_they_changed_if_their_list_is_incremental(changing: Sample) -> None:
    for records in changing.records():
        for record in records:
            assert isinstance(record, ListedRecord)
            assert record.source_modified_date is not None
