"""What is wrong, or merely notable, about a body that was sent: the contract's `validation` object.

Errors keep a write from being sent; warnings and information go along with it. It must not know how they are found.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import msgspec

FINDINGS_MAX: Final = 100
"""Errors kept of one body, and as many warnings and notes: a long hostile body must not make a long answer."""

MESSAGE_LENGTH_MAX: Final = 1_000
PATH_LENGTH_MAX: Final = 500
"""A name that nobody knows is as long as its sender likes."""


class ValidationItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """One finding. `item_id` is the dotted path of the field (`lineItems[0].quantity`), absent when it concerns the
    whole; `validator_name` is the record's name (`Bill`)."""

    item_id: str | None = None
    """The field, by its path: `lineItems[0].quantity`; absent when the whole is meant."""
    message: str
    """What is wrong."""
    validator_name: str
    """What kind of record it is about."""


class Validation(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """All findings about one write. Errors and warnings are always present."""

    errors: tuple[ValidationItem, ...] = ()
    """What keeps the write from being sent."""
    warnings: tuple[ValidationItem, ...] = ()
    """What is worth knowing."""
    information: tuple[ValidationItem, ...] | msgspec.UnsetType = msgspec.UNSET
    """What is merely good to know: an addition to the contract, absent where there is nothing to tell."""


@dataclass
class Findings:
    """Collects findings about one record, each (field, message) once."""

    validator_name: str
    errors: dict[tuple[str, str], ValidationItem] = field(default_factory=dict)
    warnings: dict[tuple[str, str], ValidationItem] = field(default_factory=dict)
    information: dict[tuple[str, str], ValidationItem] = field(default_factory=dict)

    def error(self, path: str, message: str) -> None:
        """The write cannot be sent. `path` is empty when the record as a whole is wrong."""
        self._add(self.errors, path, message)

    def warn(self, path: str, message: str) -> None:
        """The write can be sent; the caller should know."""
        self._add(self.warnings, path, message)

    def inform(self, path: str, message: str) -> None:
        """Nothing is wrong; the caller may like to know."""
        self._add(self.information, path, message)

    def validation(self) -> Validation:
        """All of it, in the order found."""
        return Validation(
            errors=tuple(self.errors.values()),
            warnings=tuple(self.warnings.values()),
            information=tuple(self.information.values()) or msgspec.UNSET,
        )

    def _add(self, found: dict[tuple[str, str], ValidationItem], path: str, message: str) -> None:
        if len(found) < FINDINGS_MAX:
            item = ValidationItem(
                item_id=path[:PATH_LENGTH_MAX] or None,
                message=message[:MESSAGE_LENGTH_MAX],
                validator_name=self.validator_name,
            )
            found.setdefault((path, message), item)
