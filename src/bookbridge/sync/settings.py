"""Sync settings: which data types are read after linking, in which order, how often, and how far back.

A company's settings stand before the client's, and these before the defaults, data type by data type. Times without
a zone are UTC. Where both `syncFromUtc` and `syncFromWindow` are given, `syncFromUtc` counts. Nothing is queued here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import UUID

import asyncpg
import msgspec
from msgspec import UNSET, UnsetType

from bookbridge.accounting import catalog
from bookbridge.accounting.dates import contract_datetime, parse_contract_datetime
from bookbridge.companies.errors import ValidationProblem
from bookbridge.store.pool import Db

SETTINGS_MAX: Final = 100
SCHEDULE_H_MAX: Final = 366 * 24
MONTHS_MAX: Final = 1_200
ORDER_MAX: Final = 10_000
REPORT_MONTHS_DEFAULT: Final = 24

REPORTS: Final = frozenset({"balanceSheet", "profitAndLoss", "cashFlowStatement"})
"""Types that are told for a number of months (`monthsToSync`); windows do not apply to them."""

Months = Annotated[int, msgspec.Meta(ge=0, le=MONTHS_MAX)]


class SyncSetting(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is read of one data type, how far back and how often."""

    data_type: str
    """The data type, by its key."""
    fetch_on_first_link: bool = True
    """Read after every authorisation, and when everything is asked for."""
    sync_schedule: Annotated[int, msgspec.Meta(ge=0, le=SCHEDULE_H_MAX)] = 0
    """Hours from the end of one read to the next; 0: only on demand."""
    sync_order: Annotated[int, msgspec.Meta(ge=0, le=ORDER_MAX)] = 0
    """Types with smaller numbers are read first; among equals, those that others refer to."""
    sync_from_utc: str | UnsetType | None = UNSET
    """Records that changed before this moment are not kept."""
    sync_from_window: Months | UnsetType | None = UNSET
    """The same, as a number of months before each read; 0 or absent: no limit."""
    months_to_sync: Months | UnsetType | None = UNSET
    """How many months a report covers."""
    is_locked: bool | None = False
    """While locked it can only be unlocked, and companies cannot differ from it."""

    def window_start(self, now: datetime) -> datetime | None:
        """The moment before which changed records are not kept, for a read that begins now; None: no limit. Of a
        report, when the period that it covers begins."""
        if self.data_type in REPORTS:
            return months_before(now.replace(day=1), self._report_months - 1)
        if isinstance(self.sync_from_utc, str):
            return parse_contract_datetime(self.sync_from_utc)
        return months_before(now, self.sync_from_window) if self.sync_from_window else None

    @property
    def window_words(self) -> str:
        """The limit in words that stay the same while the setting does; empty without a limit."""
        if self.data_type in REPORTS:
            return f"{self._report_months} months"
        if isinstance(self.sync_from_utc, str):
            return f"changed since {self.sync_from_utc}"
        return f"changed within {self.sync_from_window} months" if self.sync_from_window else ""

    @property
    def _report_months(self) -> int:
        return self.months_to_sync or REPORT_MONTHS_DEFAULT


@dataclass(frozen=True)
class SyncSettings:
    """What was set for the client or for one company, by data type; what was not named is absent."""

    overrides_defaults: bool
    by_type: Mapping[str, SyncSetting]


NOTHING_SET: Final = SyncSettings(overrides_defaults=False, by_type={})


def default(data_type: str) -> SyncSetting:
    """What holds for a data type of which nothing was said."""
    return SyncSetting(data_type=data_type, months_to_sync=REPORT_MONTHS_DEFAULT if data_type in REPORTS else UNSET)


class Effective:
    """The settings that hold for one company (or for the client, without a company's)."""

    def __init__(self, of_client: SyncSettings, of_company: SyncSettings = NOTHING_SET) -> None:
        # The later ones win; a lock of the client's stands above the company.
        self._by_type: dict[str, SyncSetting] = {}
        if of_client.overrides_defaults:
            self._by_type.update(of_client.by_type)
        if of_company.overrides_defaults:
            locked = {key for key, setting in self._by_type.items() if setting.is_locked}
            self._by_type.update({key: one for key, one in of_company.by_type.items() if key not in locked})

    def of(self, data_type: str) -> SyncSetting:
        """The setting of a data type."""
        return self._by_type.get(data_type) or default(data_type)

    def all(self) -> list[SyncSetting]:
        """The settings of every data type of the contract, in the order in which they are read."""
        return [self.of(key) for key in self.ordered(catalog.ALL_KEYS)]

    def first_read(self, data_types: Iterable[str]) -> list[str]:
        """Those of the types that are read after linking, in their order."""
        return [key for key in self.ordered(data_types) if self.of(key).fetch_on_first_link]

    def ordered(self, data_types: Iterable[str]) -> list[str]:
        """The types by their `syncOrder`, and those that others refer to first among equals."""
        return sorted(data_types, key=lambda key: (self.of(key).sync_order, _PLACES.get(key, len(_PLACES)), key))


_PLACES: Final = {row.key: place for place, row in enumerate(catalog.DATA_TYPES)}


async def of_client(db: Db | asyncpg.Pool) -> SyncSettings:
    """What was set for the client."""
    return _settings(await db.fetchrow("select overrides_defaults, settings from client_sync_settings"))


async def of_company(db: Db | asyncpg.Pool, company_id: UUID) -> SyncSettings:
    """What was set for the company itself."""
    return _settings(
        await db.fetchrow(
            "select overrides_defaults, settings from company_sync_settings where company_id = $1", company_id
        )
    )


async def effective(db: Db | asyncpg.Pool, company_id: UUID) -> Effective:
    """What holds for the company."""
    return Effective(await of_client(db), await of_company(db, company_id))


async def replace_client(db: Db, given: Sequence[SyncSetting], *, overrides_defaults: bool) -> None:
    """Set the client's settings; types that are not named fall back to their defaults unless they are locked.

    Raises ValidationProblem.
    """
    await db.execute(
        "insert into client_sync_settings (overrides_defaults, settings) values (false, '[]') on conflict do nothing"
    )
    before = _settings(await db.fetchrow("select overrides_defaults, settings from client_sync_settings for update"))
    await db.execute(
        "update client_sync_settings set overrides_defaults = $1, settings = $2",
        overrides_defaults,
        _stored(_merged(before, given)),
    )


async def replace_company(db: Db, company_id: UUID, given: Sequence[SyncSetting], *, overrides_defaults: bool) -> None:
    """Set a company's settings; types that are not named follow the client's unless they are locked.

    Raises ValidationProblem, also for a type that the client has locked.
    """
    await db.execute(
        """insert into company_sync_settings (company_id, overrides_defaults, settings)
        values ($1, false, '[]') on conflict do nothing""",
        company_id,
    )
    before = _settings(
        await db.fetchrow(
            "select overrides_defaults, settings from company_sync_settings where company_id = $1 for update",
            company_id,
        )
    )
    merged = _merged(before, given)
    clients_own = Effective(await of_client(db))
    for setting in merged.values():
        ruling = clients_own.of(setting.data_type)
        if ruling.is_locked and _unlocked(setting) != _unlocked(ruling):
            raise _locked(setting.data_type)
    await db.execute(
        "update company_sync_settings set overrides_defaults = $2, settings = $3 where company_id = $1",
        company_id,
        overrides_defaults,
        _stored(merged),
    )


def checked(given: Sequence[SyncSetting]) -> dict[str, SyncSetting]:
    """The settings by data type, in their stored form. Raises ValidationProblem."""
    if len(given) > SETTINGS_MAX:
        raise ValidationProblem(f"At most {SETTINGS_MAX} settings can be given.", "settings")
    found: dict[str, SyncSetting] = {}
    for place, setting in enumerate(given):
        one = _checked(setting, f"settings[{place}]")
        if one.data_type in found:
            raise ValidationProblem(f"{one.data_type} is set twice.", f"settings[{place}].dataType")
        found[one.data_type] = one
    return found


def months_before(moment: datetime, months: int) -> datetime:
    """The same day of the month so many months earlier, or that month's last day."""
    years, month = divmod(moment.year * 12 + moment.month - 1 - months, 12)
    if years < 1:
        return datetime.min.replace(tzinfo=UTC)
    for day in (moment.day, 30, 29, 28):
        try:
            return moment.replace(year=years, month=month + 1, day=day)
        except ValueError:
            continue
    raise AssertionError("every month has a 28th")


def _checked(setting: SyncSetting, where: str) -> SyncSetting:
    try:
        data_type = catalog.canonical_key(setting.data_type)
    except catalog.UnknownDataTypeError:
        message = f"There is no data type '{setting.data_type[:50]}'."
        raise ValidationProblem(message, f"{where}.dataType") from None
    sync_from: str | UnsetType = UNSET
    if isinstance(setting.sync_from_utc, str):
        try:
            sync_from = contract_datetime(parse_contract_datetime(setting.sync_from_utc))
        except ValueError:
            raise ValidationProblem("syncFromUtc is not a date.", f"{where}.syncFromUtc") from None
    return msgspec.structs.replace(
        setting,
        data_type=data_type,
        sync_from_utc=sync_from,
        sync_from_window=UNSET if setting.sync_from_window is None else setting.sync_from_window,
        months_to_sync=UNSET if setting.months_to_sync is None else setting.months_to_sync,
        is_locked=bool(setting.is_locked),
    )


def _merged(before: SyncSettings, given: Sequence[SyncSetting]) -> dict[str, SyncSetting]:
    """The new settings with the locked ones of before. Raises ValidationProblem where one would change."""
    found = checked(given)
    for key, kept in before.by_type.items():
        if not kept.is_locked:
            continue
        if key in found and _unlocked(found[key]) != _unlocked(kept):
            raise _locked(key)
        found.setdefault(key, kept)
    return found


def _unlocked(setting: SyncSetting) -> SyncSetting:
    return msgspec.structs.replace(setting, is_locked=False)


def _locked(data_type: str) -> ValidationProblem:
    return ValidationProblem(
        f"SyncSettingsValidationException: The settings of {data_type} are locked and cannot be changed.", "settings"
    )


def _stored(settings: Mapping[str, SyncSetting]) -> str:
    return msgspec.json.encode(list(settings.values())).decode()


def _settings(row: asyncpg.Record | None) -> SyncSettings:
    if row is None:
        return NOTHING_SET
    found = msgspec.json.decode(row["settings"], type=list[SyncSetting])
    return SyncSettings(row["overrides_defaults"], {setting.data_type: setting for setting in found})
