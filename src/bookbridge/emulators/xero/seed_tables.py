"""The words and numbers of the seed books: charts, tax rates, invented names. No logic.

Every name here is invented; none is meant to be a real business or person.
"""

from __future__ import annotations

from typing import NamedTuple


class AccountRow(NamedTuple):
    code: str | None
    name: str
    type: str
    tax: str = "NONE"
    system: str = ""
    payments: bool = False
    currency: str | None = None
    bank_number: str | None = None
    bank_type: str = ""


class TaxRow(NamedTuple):
    tax_type: str
    name: str
    rate: str
    report: str
    revenue: bool
    expenses: bool


class Flavour(NamedTuple):
    """What differs between the books' countries: tax types for sales and purchases, and their rates."""

    country: str
    country_name: str
    city: str
    version: str
    timezone: str
    sales_tax: str
    purchase_tax: str
    tax_rows: tuple[TaxRow, ...]
    tax_label: str


UK = Flavour(
    country="GB",
    country_name="United Kingdom",
    city="Bristol",
    version="UK",
    timezone="GMTSTANDARDTIME",
    sales_tax="OUTPUT2",
    purchase_tax="INPUT2",
    tax_label="VAT",
    tax_rows=(
        TaxRow("INPUT2", "20% (VAT on Expenses)", "20", "INPUT", revenue=False, expenses=True),
        TaxRow("OUTPUT2", "20% (VAT on Income)", "20", "OUTPUT", revenue=True, expenses=False),
        TaxRow("RRINPUT", "5% (VAT on Expenses)", "5", "INPUT", revenue=False, expenses=True),
        TaxRow("RROUTPUT", "5% (VAT on Income)", "5", "OUTPUT", revenue=True, expenses=False),
        TaxRow("ZERORATEDINPUT", "Zero Rated Expenses", "0", "INPUT", revenue=False, expenses=True),
        TaxRow("ZERORATEDOUTPUT", "Zero Rated Income", "0", "OUTPUT", revenue=True, expenses=False),
        TaxRow("EXEMPTINPUT", "Exempt Expenses", "0", "NONE", revenue=False, expenses=True),
        TaxRow("EXEMPTOUTPUT", "Exempt Income", "0", "NONE", revenue=True, expenses=False),
        TaxRow("NONE", "No VAT", "0", "NONE", revenue=True, expenses=True),
    ),
)

GLOBAL = Flavour(
    country="IE",
    country_name="Ireland",
    city="Galway",
    version="GLOBAL",
    timezone="GMTSTANDARDTIME",
    sales_tax="TAX001",
    purchase_tax="TAX002",
    tax_label="VAT",
    tax_rows=(
        TaxRow("TAX001", "VAT 23% on Sales", "23", "OUTPUT", revenue=True, expenses=False),
        TaxRow("TAX002", "VAT 23% on Purchases", "23", "INPUT", revenue=False, expenses=True),
        TaxRow("TAX003", "VAT 13.5% on Sales", "13.5", "OUTPUT", revenue=True, expenses=False),
        TaxRow("TAX004", "VAT 13.5% on Purchases", "13.5", "INPUT", revenue=False, expenses=True),
        TaxRow("OUTPUT", "Tax on Sales", "0", "OUTPUT", revenue=True, expenses=False),
        TaxRow("INPUT", "Tax on Purchases", "0", "INPUT", revenue=False, expenses=True),
        TaxRow("NONE", "Tax Exempt", "0", "NONE", revenue=True, expenses=True),
    ),
)

SALES, PURCHASES = "<sales>", "<purchases>"
"""Stand for the flavour's own tax types in the chart."""

CHART: tuple[AccountRow, ...] = (
    AccountRow("090", "Business Current Account", "BANK", currency="<base>", bank_number="20445512345678",
               bank_type="BANK"),
    AccountRow("091", "Business Savings Account", "BANK", currency="<base>", bank_number="20445587654321",
               bank_type="BANK"),
    AccountRow("092", "US Dollar Account", "BANK", currency="USD", bank_number="20445511112222",
               bank_type="BANK"),
    AccountRow(None, "Company Card", "BANK", currency="<base>", bank_number="4929000000001234",
               bank_type="CREDITCARD"),
    AccountRow("200", "Design Fees", "SALES", SALES),
    AccountRow("205", "Product Sales", "SALES", SALES),
    AccountRow("210", "Consulting Income", "REVENUE", SALES),
    AccountRow("215", "Licence Income", "REVENUE", SALES),
    AccountRow("260", "Other Revenue", "OTHERINCOME", SALES),
    AccountRow("270", "Interest Income", "OTHERINCOME"),
    AccountRow("310", "Cost of Goods Sold", "DIRECTCOSTS", PURCHASES),
    AccountRow("320", "Direct Wages", "DIRECTCOSTS"),
    AccountRow("325", "Subcontractors", "DIRECTCOSTS", PURCHASES),
    AccountRow("330", "Materials", "DIRECTCOSTS", PURCHASES),
    AccountRow("335", "Print Production", "DIRECTCOSTS", PURCHASES),
    AccountRow("400", "Advertising & Marketing", "OVERHEADS", PURCHASES),
    AccountRow("401", "Audit & Accountancy Fees", "OVERHEADS", PURCHASES),
    AccountRow("404", "Bank Fees", "OVERHEADS"),
    AccountRow("408", "Cleaning", "OVERHEADS", PURCHASES),
    AccountRow("412", "Consulting", "OVERHEADS", PURCHASES),
    AccountRow("416", "Depreciation Expense", "DEPRECIATN"),
    AccountRow("418", "Charitable Donations", "OVERHEADS"),
    AccountRow("420", "Entertainment", "OVERHEADS"),
    AccountRow("425", "Postage & Delivery", "OVERHEADS", PURCHASES),
    AccountRow("429", "General Expenses", "OVERHEADS", PURCHASES),
    AccountRow("433", "Insurance", "OVERHEADS"),
    AccountRow("437", "Interest Paid", "OVERHEADS"),
    AccountRow("441", "Legal Expenses", "OVERHEADS", PURCHASES),
    AccountRow("445", "Light, Power & Heating", "OVERHEADS", PURCHASES),
    AccountRow("449", "Motor Vehicle Expenses", "OVERHEADS", PURCHASES),
    AccountRow("453", "Office Equipment Costs", "OVERHEADS", PURCHASES),
    AccountRow("457", "Operating Lease Payments", "OVERHEADS", PURCHASES),
    AccountRow("461", "Printing & Stationery", "OVERHEADS", PURCHASES),
    AccountRow("463", "Software & Licences", "OVERHEADS", PURCHASES),
    AccountRow("465", "Rates", "OVERHEADS"),
    AccountRow("469", "Rent", "OVERHEADS"),
    AccountRow("473", "Repairs & Maintenance", "OVERHEADS", PURCHASES),
    AccountRow("477", "Salaries", "OVERHEADS"),
    AccountRow("479", "Employers Insurance", "OVERHEADS"),
    AccountRow("480", "Staff Training", "OVERHEADS", PURCHASES),
    AccountRow("482", "Pensions Costs", "OVERHEADS"),
    AccountRow("485", "Subscriptions", "OVERHEADS", PURCHASES),
    AccountRow("489", "Telephone & Internet", "OVERHEADS", PURCHASES),
    AccountRow("493", "Travel - National", "OVERHEADS", PURCHASES),
    AccountRow("494", "Travel - International", "OVERHEADS"),
    AccountRow("497", "Bank Revaluations", "EXPENSE", system="BANKCURRENCYGAIN"),
    AccountRow("498", "Unrealised Currency Gains", "EXPENSE", system="UNREALISEDCURRENCYGAIN"),
    AccountRow("499", "Realised Currency Gains", "EXPENSE", system="REALISEDCURRENCYGAIN"),
    AccountRow("610", "Accounts Receivable", "CURRENT", system="DEBTORS"),
    AccountRow("620", "Prepayments", "CURRENT"),
    AccountRow("630", "Inventory", "INVENTORY"),
    AccountRow("710", "Office Equipment", "FIXED", PURCHASES),
    AccountRow("711", "Depreciation on Office Equipment", "FIXED"),
    AccountRow("720", "Computer Equipment", "FIXED", PURCHASES),
    AccountRow("800", "Accounts Payable", "CURRLIAB", system="CREDITORS"),
    AccountRow("801", "Unpaid Expense Claims", "CURRLIAB", system="UNPAIDEXPCLM", payments=True),
    AccountRow("811", "Credit Card Control", "CURRLIAB"),
    AccountRow("814", "Wages Payable", "CURRLIAB", payments=True),
    AccountRow("820", "VAT", "CURRLIAB", system="GST"),
    AccountRow("835", "Directors' Loan Account", "CURRLIAB", payments=True),
    AccountRow("840", "Historical Adjustment", "CURRLIAB", system="HISTORICAL"),
    AccountRow("860", "Rounding", "CURRLIAB", system="ROUNDING"),
    AccountRow("877", "Tracking Transfers", "CURRLIAB", system="TRACKINGTRANSFERS"),
    AccountRow("900", "Loan", "TERMLIAB"),
    AccountRow("960", "Retained Earnings", "EQUITY", system="RETAINEDEARNINGS"),
    AccountRow("970", "Owner A Funds Introduced", "EQUITY"),
    AccountRow("980", "Owner A Drawings", "EQUITY", payments=True),
)  # fmt: skip

CURRENCIES = {
    "GBP": "British Pound",
    "EUR": "Euro",
    "USD": "United States Dollar",
    "NZD": "New Zealand Dollar",
    "AUD": "Australian Dollar",
}

USD_VALUE = {"GBP": "1.2710", "EUR": "1.0840", "USD": "1", "NZD": "0.6080", "AUD": "0.6590"}
"""What one unit is worth in US dollars on the seed's day; every day rate follows from it."""

COMPANY_FIRST = (
    "Amberley", "Brackenridge", "Coldharbour", "Dovecote", "Elmstead", "Foxglove", "Greywater", "Hazelmere",
    "Ivorybank", "Juniper", "Kestrelford", "Larchwood", "Marlpit", "Nettlecombe", "Oakhanger", "Pebblebrook",
    "Quarrybank", "Rushmere", "Saltmarsh", "Thistledown", "Underhill", "Vinegate", "Wychelm", "Yarrowfield",
)  # fmt: skip
COMPANY_SECOND = (
    "Paper Co", "Print Works", "Textiles", "Coffee Roasters", "Logistics", "Books", "Interiors", "Signs",
    "Timber", "Analytics", "Catering", "Ceramics", "Couriers", "Electrical", "Gardens", "Software",
)  # fmt: skip
FIRST_NAMES = (
    "Aoife", "Ben", "Carys", "Dele", "Esme", "Farid", "Grace", "Hana", "Idris", "Jonas", "Keira", "Lev", "Maya",
    "Niall", "Orla", "Priya", "Rhys", "Sofia", "Tomas", "Wanda",
)  # fmt: skip
LAST_NAMES = (
    "Ashdown", "Birkett", "Cawley", "Denholm", "Everly", "Farrow", "Gadsby", "Holloway", "Inkpen", "Jessop",
    "Kilbride", "Lorimer", "Mossley", "Norbury", "Oakes", "Penhale", "Quayle", "Ridley", "Sallow", "Tarrant",
)  # fmt: skip
TOWNS = ("Bath", "Cardiff", "Derby", "Exeter", "Frome", "Glasgow", "Hove", "Ipswich", "Jarrow", "Kendal")

ITEMS = (
    ("DES-HOUR", "Design hour", "85.00", None, "200"),
    ("DES-DAY", "Design day", "620.00", None, "200"),
    ("LOGO-PK", "Logo package", "1450.00", None, "200"),
    ("BRAND-PK", "Brand guidelines", "3200.00", None, "200"),
    ("WEB-5PG", "Five page website", "2750.00", None, "200"),
    ("WEB-CARE", "Website care, monthly", "95.00", None, "215"),
    ("FONT-LIC", "Typeface licence", "240.00", "160.00", "215"),
    ("ILLUS", "Illustration", "310.00", "180.00", "200"),
    ("PHOTO-HD", "Photography, half day", "480.00", "300.00", "200"),
    ("WORKSHOP", "Workshop", "900.00", None, "210"),
    ("AUDIT", "Accessibility audit", "1150.00", None, "210"),
    ("COPY", "Copywriting, 100 words", "60.00", "35.00", "200"),
    ("POSTER-A2", "Poster A2", "18.50", "7.2500", "205"),
    ("POSTER-A3", "Poster A3", "12.00", "4.1000", "205"),
    ("CARD-250", "Business cards, 250", "65.00", "28.00", "205"),
    ("FLYER-500", "Flyers A5, 500", "89.00", "41.50", "205"),
    ("BROCH-100", "Brochures, 100", "340.00", "195.00", "205"),
    ("BANNER", "Roller banner", "125.00", "72.00", "205"),
    ("SIGN-SM", "Shop sign, small", "260.00", "150.00", "205"),
    ("SIGN-LG", "Shop sign, large", "540.00", "320.00", "205"),
    ("PAPER-A4", "Paper A4, ream", "6.00", "3.1250", "205"),
    ("INK-SET", "Ink set", "78.00", "55.00", "205"),
    ("MUG", "Printed mug", "9.50", "3.9900", "205"),
    ("TOTE", "Printed tote bag", "11.00", "4.2000", "205"),
    ("POSTAGE", "Postage and packing", "7.50", "5.00", "205"),
)

EXPENSE_LINES = (
    ("325", "Freelance support"), ("330", "Studio materials"), ("335", "Print run"), ("400", "Online advertising"),
    ("401", "Bookkeeping"), ("408", "Office cleaning"), ("425", "Courier"), ("429", "Sundries"),
    ("441", "Contract review"), ("445", "Electricity"), ("453", "Desk lamps"), ("461", "Stationery"),
    ("463", "Software seats"), ("469", "Studio rent"), ("473", "Printer repair"), ("480", "Training day"),
    ("485", "Trade journal"), ("489", "Broadband"), ("493", "Rail travel"), ("720", "Laptop"),
)  # fmt: skip
