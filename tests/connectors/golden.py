"""Golden files: what a vendor sent beside the records that we make of it, and what we send it for a record.

`python -m tests.connectors.golden --write` writes the expected files anew; a person reads the difference
before committing it. Works for every connector alike: the files lie in the vendor's folder, one pair per
data type and vendor list (`bills.invoices.json`, `bills.invoices.expected.json`) and one per write
(`bills.create.record.json`, `bills.create.expected.json`), with the organisation's facts in `facts.json`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from bookbridge.accounting.records import Record
from bookbridge.connectors.kit.connector import Connector, Read, Source, Write
from bookbridge.connectors.registry import CONNECTORS


def folder(connector: Connector) -> Path:
    """Where the vendor's samples lie."""
    module = sys.modules[connector.open.__module__]
    assert module.__file__ is not None
    return Path(module.__file__).parent / "samples"


def facts(connector: Connector) -> dict[str, str]:
    """The facts of the organisation that the samples are from."""
    return msgspec.json.decode((folder(connector) / "facts.json").read_bytes(), type=dict[str, str])


@dataclass(frozen=True)
class Sample:
    """One vendor list of one data type, with the paths of its files."""

    connector: Connector
    read: Read[Any]
    source: Source[Any, Any]

    @property
    def name(self) -> str:
        return f"{self.read.data_type.key}.{self.source.name}"

    @property
    def payload_path(self) -> Path:
        return folder(self.connector) / f"{self.name}.json"

    @property
    def expected_path(self) -> Path:
        return folder(self.connector) / f"{self.name}.expected.json"

    def records(self) -> list[list[Record]]:
        """The records of each payload: none, one or several."""
        raws = msgspec.json.decode(self.payload_path.read_bytes(), type=list[msgspec.Raw])
        found: list[list[Record]] = []
        for raw in raws:
            shaped = self.source.shape(msgspec.json.decode(raw, type=self.source.payload), facts(self.connector))
            if shaped is None:
                found.append([])
            else:
                found.append(list(shaped) if isinstance(shaped, (list, tuple)) else [shaped])
        return found

    def shaped_text(self) -> str:
        """The records as the expected file shows them; every digit as it is sent to callers."""
        encode = self.read.data_type.encode
        lists = [b"[" + b",".join(encode(record) for record in records) + b"]" for records in self.records()]
        return msgspec.json.format(b"[" + b",".join(lists) + b"]", indent=2).decode() + "\n"


_encode = msgspec.json.Encoder(decimal_format="number").encode


@dataclass(frozen=True)
class WriteSample:
    """One write of one data type: records, and what they become for the vendor."""

    connector: Connector
    write: Write[Any]

    @property
    def name(self) -> str:
        return f"{self.write.data_type.key}.{self.write.operation.value.lower()}"

    @property
    def expected_path(self) -> Path:
        return folder(self.connector) / f"{self.name}.expected.json"

    def records(self) -> list[Record]:
        path = folder(self.connector) / f"{self.name}.record.json"
        raws = msgspec.json.decode(path.read_bytes(), type=list[msgspec.Raw])
        return [self.write.data_type.decode_submission(bytes(raw)) for raw in raws]

    def shaped_text(self) -> str:
        """The vendor's payloads as the expected file shows them."""
        payloads = [self.write.shape(record, facts(self.connector)) for record in self.records()]
        return msgspec.json.format(_encode(payloads), indent=2).decode() + "\n"


def write_samples() -> Iterator[WriteSample]:
    """Every write of every connector that carries a record."""
    for connector in CONNECTORS:
        for write in connector.writes:
            if write.fields:
                yield WriteSample(connector, write)


def samples() -> Iterator[Sample]:
    """Every list of every connector, whether or not its files are there."""
    for connector in CONNECTORS:
        for read in connector.reads:
            for source in read.sources:
                yield Sample(connector, read, source)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the expected files")
    arguments = parser.parse_args()
    for sample in (*samples(), *write_samples()):
        text = sample.shaped_text()
        same = sample.expected_path.exists() and sample.expected_path.read_text() == text
        print(f"{'same   ' if same else 'differs'} {sample.expected_path}")
        if arguments.write and not same:
            sample.expected_path.write_text(text)


if __name__ == "__main__":
    main()
