"""The platforms that callers can name, whether or not a connector serves them yet, and what each can do.

Keys and ids are the contract's, so that applications find the platforms under the names they know. What a
platform can do is read off its connector's manifest, never stated twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid5

import msgspec

from bookbridge.connectors.kit.connector import Connector, Operation
from bookbridge.connectors.registry import connector

_NAMESPACE = UUID("6f0a2f0e-8a3e-5c1b-9d57-2b1f0c6f7a11")
"""Ids that nobody published are derived from the key under this namespace: stable, and nobody else's."""


class SourceType(StrEnum):
    """What kind of platform it is."""

    ACCOUNTING = "Accounting"
    BANKING = "Banking"
    BANK_FEED = "BankFeed"
    COMMERCE = "Commerce"
    EXPENSE = "Expense"
    OTHER = "Other"
    UNKNOWN = "Unknown"


@dataclass(frozen=True)
class Integration:
    """A platform as callers see it."""

    key: str
    """Four letters by which callers name it."""
    name: str
    source_type: SourceType
    integration_id: UUID
    source_id: UUID
    is_offline_connector: bool = False
    """It runs on the customer's own computer and answers only while that is on."""
    is_beta: bool = False
    data_provided_by: str = ""


def _derived(kind: str, key: str) -> UUID:
    return uuid5(_NAMESPACE, f"{kind}:{key}")


def _accounting(
    key: str,
    name: str,
    source_id: str,
    integration_id: str | None = None,
    *,
    offline: bool = False,
) -> Integration:
    return Integration(
        key=key,
        name=name,
        source_type=SourceType.ACCOUNTING,
        integration_id=UUID(integration_id) if integration_id else _derived("integration", key),
        source_id=UUID(source_id),
        is_offline_connector=offline,
        data_provided_by=name,
    )


PARTNER_EXPENSE_KEY: Final = "xpns"
"""The expense application itself, as the source of the expenses that it pushes."""

INTEGRATIONS: Final[tuple[Integration, ...]] = (
    _accounting("fbrh", "FreeAgent", "3da57c23-a4fa-4bc8-8c02-a7a686ed8b36"),
    _accounting("pdvj", "MYOB Business", "00812df4-8a0f-4f06-9566-16e5ca1346ae"),
    _accounting(
        "akxx",
        "Oracle NetSuite",
        "9815b998-024d-4415-a40b-89903b2cad6f",
        "cc750323-5a47-4f28-8d8e-30fbbf2ce137",
    ),
    _accounting("pqsw", "QuickBooks Desktop", "19eefa32-58a8-4097-b95a-ef150bf24fa0", offline=True),
    _accounting(
        "qhyg",
        "QuickBooks Online",
        "56e6575a-3f1f-4918-b009-f7535555f0d6",
        "6b113e06-e818-45d7-977b-8e6bb3d01269",
    ),
    _accounting("knfz", "Sage Intacct", "177d08a5-97f1-4442-80d7-d62e400a28db"),
    _accounting(
        "gbol",
        "Xero",
        "8a156a5a-39cb-4f9d-856e-76ef9b9a9607",
        "0f20c943-12d0-4800-9f6c-d218f62d494c",
    ),
    Integration(
        key="mqjo",
        name="Sandbox",
        source_type=SourceType.ACCOUNTING,
        integration_id=_derived("integration", "mqjo"),
        source_id=_derived("source", "mqjo"),
        data_provided_by="Sandbox",
    ),
    Integration(
        key=PARTNER_EXPENSE_KEY,
        name="Partner Expense",
        source_type=SourceType.EXPENSE,
        integration_id=_derived("integration", PARTNER_EXPENSE_KEY),
        source_id=_derived("source", PARTNER_EXPENSE_KEY),
        data_provided_by="Partner Expense",
    ),
)

_BY_KEY: Final = {row.key: row for row in INTEGRATIONS}


def integration(key: str) -> Integration | None:
    """The platform under this key, or None when there is no such platform."""
    return _BY_KEY.get(key)


class SupportedFeature(msgspec.Struct, frozen=True, rename="camel"):
    """One thing that can be done with a data type on a platform."""

    feature_type: str
    """What can be done: Get, Create, Update and others."""
    feature_state: str
    """How far it is supported."""


class DatatypeFeature(msgspec.Struct, frozen=True, rename="camel"):
    """What can be done with one data type on a platform."""

    datatype: str
    """The data type, by its key; this field's name is one word."""
    supported_features: tuple[SupportedFeature, ...]
    """What can be done with it."""


_READ = "Get"
_ATTACHMENT_FEATURES = ("GetAttachments", "GetAttachment", "DownloadAttachment", "UploadAttachment")
_WRITE_FEATURES = {Operation.CREATE: "Post", Operation.UPDATE: "Put", Operation.DELETE: "Delete"}
_RELEASED = "Release"


def datatype_features(key: str) -> tuple[DatatypeFeature, ...]:
    """What the platform's connector can do, by data type; nothing for a platform without a connector."""
    vendor = connector(key)
    if vendor is None:
        return ()
    types = dict.fromkeys([row.data_type.key for row in vendor.reads] + [row.data_type.key for row in vendor.writes])
    return tuple(DatatypeFeature(data_type, _features(vendor, data_type)) for data_type in types)


def _features(vendor: Connector, data_type: str) -> tuple[SupportedFeature, ...]:
    names = [_READ] if vendor.read(data_type) else []
    names += [name for operation, name in _WRITE_FEATURES.items() if vendor.write(data_type, operation)]
    if vendor.attachment_rule(data_type):
        names += _ATTACHMENT_FEATURES
    return tuple(SupportedFeature(name, _RELEASED) for name in names)
