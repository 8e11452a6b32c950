"""What a payload needs before it can leave, and only the organisation knows: the category of a tracking option, the
code of an item, the code of an account where ids are not taken.

Each look-up is made only when something in the payload needs it. Shapes are pure and know nothing of this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from bookbridge.connectors.kit.errors import FieldProblem, RecordNotFound, Rejected
from bookbridge.connectors.xero import document_payloads, payloads
from bookbridge.connectors.xero.chart import Chart
from bookbridge.connectors.xero.client import Client
from bookbridge.connectors.xero.write_parts import Json

_LINES: Final[Mapping[str, tuple[str, str]]] = {
    "LineItems": ("lineItems", "trackingCategoryRefs"),
    "JournalLines": ("journalLines", "tracking.recordRefs"),
}
"""What Xero calls lines: what the contract calls them, and what it calls a line's tracking."""


_DETAILS: Final[Mapping[str, str]] = {"PurchaseDetails": "billItem", "SalesDetails": "invoiceItem"}
"""What Xero calls how an item is bought and sold, and what the contract does."""


async def complete(client: Client, chart: Chart, content: Json) -> None:
    """Put into the payload what it lacks. Raises Rejected, naming the contract's fields, for what there is not."""
    problems: list[FieldProblem] = []
    for name, (field, tracking) in _LINES.items():
        lines: Sequence[Json] = content.get(name, ())
        if client.access.app.options.get("line_account") == "code":
            await _account_codes(chart, lines)
        if any("Item" in line for line in lines):
            problems += await _item_codes(client, lines, field)
        if any("Tracking" in line for line in lines):
            problems += await _tracking_categories(client, lines, field, tracking)
    for name, field in _DETAILS.items():
        if name in content:
            problems += await _details_code(chart, content, content[name], field)
    if "Overpayment" in content:
        problems += await _advance(client, content)
    if content.pop("IsTrackedAsInventory", False):
        problems += await _stock_account(chart, content)
    if problems:
        raise rejected(problems)


def rejected(problems: Sequence[FieldProblem]) -> Rejected:
    """A refusal of ours in the form of one of the vendor's."""
    return Rejected(" ".join(dict.fromkeys(problem.message for problem in problems)), tuple(problems))


async def _account_codes(chart: Chart, lines: Sequence[Json]) -> None:
    for line in lines:
        if "AccountID" in line and (code := await chart.code(line["AccountID"])):
            del line["AccountID"]
            line["AccountCode"] = code


async def _details_code(chart: Chart, content: Json, details: Json, field: str) -> list[FieldProblem]:
    """Items take accounts by their code only; the cost of stock has a name of its own."""
    if "AccountID" not in details:
        return []
    code = await chart.code(details.pop("AccountID"))
    if code is None:
        return [FieldProblem(f"{field}.accountRef.id", "Xero takes only accounts that have a code here.")]
    is_cost_of_stock = field == "billItem" and content.get("IsTrackedAsInventory", False)
    details["COGSAccountCode" if is_cost_of_stock else "AccountCode"] = code
    return []


async def _stock_account(chart: Chart, content: Json) -> list[FieldProblem]:
    """Stock is kept in the organisation's inventory account."""
    code = await chart.inventory_code()
    if code is None:
        return [FieldProblem("type", "The organisation has no inventory account to keep stock in.")]
    content["InventoryAssetAccountCode"] = code
    return []


async def _advance(client: Client, content: Json) -> list[FieldProblem]:
    """What was kept with a contact is an overpayment or a prepayment at Xero; its id does not tell which."""
    advance_id = str(content["Overpayment"]["OverpaymentID"])
    for path, name in (("Overpayments", "Overpayment"), ("Prepayments", "Prepayment")):
        try:
            await client.rows(f"{path}/{quote(advance_id, safe='')}", _ADVANCES[name])
        except RecordNotFound:
            continue
        del content["Overpayment"]
        content[name] = {f"{name}ID": advance_id}
        return []
    return [FieldProblem("lines[0].links[0].id", "Only a payment on account can be paid back.")]


_ADVANCES: Final[Mapping[str, type[Any]]] = {
    "Overpayment": document_payloads.Overpayment,
    "Prepayment": document_payloads.Prepayment,
}


async def _item_codes(client: Client, lines: Sequence[Json], field: str) -> list[FieldProblem]:
    """Xero takes items by their code."""
    items = await client.rows("Items", payloads.Item)
    codes = {item.item_id.lower(): item.code for item in items.payloads}
    problems: list[FieldProblem] = []
    for position, line in enumerate(lines):
        if "Item" not in line:
            continue
        code = codes.get(str(line.pop("Item")["ItemID"]).lower())
        if code:
            line["ItemCode"] = code
        else:
            problems.append(FieldProblem(f"{field}[{position}].itemRef.id", "There is no such item any more."))
    return problems


async def _tracking_categories(
    client: Client, lines: Sequence[dict[str, Any]], field: str, tracking: str
) -> list[FieldProblem]:
    categories = await client.rows("TrackingCategories", payloads.TrackingCategory)
    category_of = {
        option.tracking_option_id: category.tracking_category_id
        for category in categories.payloads
        for option in category.options or ()
    }
    problems: list[FieldProblem] = []
    for position, line in enumerate(lines):
        used: set[str] = set()
        for place, entry in enumerate(line.get("Tracking", ())):
            where = f"{field}[{position}].{tracking}[{place}].id"
            category = category_of.get(entry["TrackingOptionID"])
            if category is None:
                problems.append(FieldProblem(where, "Only an active option of a tracking category can be used."))
            elif category in used:
                problems.append(FieldProblem(where, "Two options of the same tracking category on one line."))
            else:
                used.add(category)
                entry["TrackingCategoryID"] = category
    return problems
