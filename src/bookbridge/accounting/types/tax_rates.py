"""Tax rates that lines are taxed at."""

from __future__ import annotations

from decimal import Decimal

from bookbridge.accounting.data_type import DataType, Level
from bookbridge.accounting.money import exact_sum
from bookbridge.accounting.problems import Problem, guarded, sum_problem
from bookbridge.accounting.records import ListedRecord, Part, Word
from bookbridge.accounting.tax_details import ValidDatatypeLink

RATE_TOLERANCE = Decimal("0.0001")
"""Per cent by which a stated rate may differ from the one its components give: vendors keep four places."""


class TaxRateStatus(Word):
    """Whether a tax rate can be used on new lines."""

    UNKNOWN = "Unknown"
    ACTIVE = "Active"
    ARCHIVED = "Archived"


class TaxRateComponent(Part, frozen=True, kw_only=True):
    """One of the taxes that a rate is made of."""

    is_compound: bool
    """Whether this tax is also charged on the other components' tax."""
    name: str | None = None
    """Name of the component."""
    rate: Decimal | None = None
    """The component's rate in per cent."""


class TaxRate(ListedRecord, frozen=True, kw_only=True):
    """A rate of tax, possibly made of several taxes."""

    name: str | None = None
    """Name of the rate."""
    code: str | None = None
    """Code the accounting software knows the rate by."""
    status: TaxRateStatus | None = None
    """Whether the rate can be used on new lines."""
    effective_tax_rate: Decimal | None = None
    """The rate in per cent that is really paid, compounding included."""
    total_tax_rate: Decimal | None = None
    """The plain sum of the components' rates in per cent."""
    components: tuple[TaxRateComponent, ...] = ()
    """The taxes that the rate is made of."""
    valid_datatype_links: tuple[ValidDatatypeLink, ...] = ()
    """Fields of other records that may refer to this rate, where the accounting software restricts it."""


def effective_rate(components: tuple[TaxRateComponent, ...]) -> Decimal:
    """The rate in per cent that the components amount to: compound ones are charged on top of all plain ones.

    Two components of 10, the second compound, make 21. A component without a rate counts as zero.
    """
    plain = exact_sum(part.rate or Decimal(0) for part in components if not part.is_compound)
    effective = plain
    for part in components:
        if part.is_compound:
            effective += (100 + effective) * (part.rate or Decimal(0)) / 100
    return effective


@guarded
def check(rate: TaxRate) -> list[Problem]:
    """The total is the sum of the components; the effective rate is that, or what compounding makes of it."""
    found: list[Problem] = []
    if rate.components and rate.total_tax_rate is not None:
        parts = [part.rate for part in rate.components]
        found += sum_problem("totalTaxRate", rate.total_tax_rate, parts, RATE_TOLERANCE)
    if rate.components and rate.effective_tax_rate is not None:
        compounded = effective_rate(rate.components)
        # Some vendors report the plain total here whatever the components say: known, and not worth a
        # finding.
        allowed = (compounded, rate.total_tax_rate if rate.total_tax_rate is not None else compounded)
        if all(abs(rate.effective_tax_rate - one) > RATE_TOLERANCE for one in allowed):
            message = f"Stated as {rate.effective_tax_rate}, but its components amount to {compounded}."
            found.append(Problem("effectiveTaxRate", message))
    return found


TAX_RATES = DataType(
    key="taxRates",
    path="taxRates",
    record=TaxRate,
    singular="tax rate",
    level=Level.COMPANY,
    check=check,
)
