"""The company whose books are linked: names, addresses, registration. One record, not a list."""

from __future__ import annotations

from bookbridge.accounting.addresses import Address, PhoneNumber, WebLink
from bookbridge.accounting.data_type import DataType, Level
from bookbridge.accounting.dates import ContractDateTime
from bookbridge.accounting.problems import Problem, currency_problems, date_problems
from bookbridge.accounting.records import Record


class CompanyInfo(Record, frozen=True, kw_only=True):
    """What the accounting software knows about the company itself."""

    company_name: str | None = None
    """Name the company trades under."""
    accounting_platform_ref: str | None = None
    """Identifier of the company, or of its file, in the accounting software."""
    company_legal_name: str | None = None
    """Registered legal name."""
    addresses: tuple[Address, ...] = ()
    """Postal addresses of the company."""
    phone_numbers: tuple[PhoneNumber, ...] = ()
    """Telephone numbers of the company."""
    web_links: tuple[WebLink, ...] = ()
    """Web pages of the company."""
    ledger_lock_date: ContractDateTime | None = None
    """Date up to which the books are closed: nothing dated earlier can be written."""
    registration_number: str | None = None
    """Number in the register of companies."""
    tax_number: str | None = None
    """Number given by the tax office."""
    financial_year_start_date: ContractDateTime | None = None
    """First day of the current financial year."""
    base_currency: str | None = None
    """Currency the books are kept in, ISO 4217."""
    source_urls: dict[str, str] | None = None
    """Addresses that lead a person to the company in the accounting software, by name."""
    created_date: ContractDateTime | None = None
    """When the company was created in the accounting software."""


def check(info: CompanyInfo) -> list[Problem]:
    """Form of the base currency and of the dates."""
    found = currency_problems(info.base_currency, None, "baseCurrency")
    return found + date_problems(
        ledgerLockDate=info.ledger_lock_date,
        financialYearStartDate=info.financial_year_start_date,
        createdDate=info.created_date,
    )


COMPANY_INFO = DataType(
    key="company",
    path="info",
    record=CompanyInfo,
    singular="company profile",
    level=Level.COMPANY,
    check=check,
    single=True,
)
