"""`/rules`: the older way of asking to be told."""

from __future__ import annotations

from litestar import Response, get, post
from litestar.types import ControllerRouterHandler

from bookbridge.api.bodies import AnyRequest, answer, decoded, raw_answer
from bookbridge.api.errors import CLIENTS, not_found
from bookbridge.api.idempotency import in_transaction
from bookbridge.api.paging import page_of_values, paging_of
from bookbridge.api.parameters import id_of
from bookbridge.api.services import Given
from bookbridge.companies import companies
from bookbridge.store.pool import Db
from bookbridge.webhooks import rules
from bookbridge.webhooks.rules import RULE_PROPERTIES, RuleDraft, RuleNotFound

WHAT = "Rule"


@get("/rules")
async def list_rules(request: AnyRequest, services: Given) -> Response[bytes]:
    """One page of rules, oldest first."""
    paging = paging_of(request)
    condition = paging.condition(RULE_PROPERTIES, of=WHAT, first=1)
    order = paging.order(RULE_PROPERTIES, of=WHAT)
    async with services.pool.acquire() as db:
        found, total = await rules.list_page(
            db, page=paging.page, page_size=paging.page_size, where=condition, order_by=order
        )
    return raw_answer(page_of_values(paging, found, total))


@post("/rules", status_code=200)
async def create_rule(request: AnyRequest, services: Given) -> Response[bytes]:
    """Create a rule."""
    draft = await decoded(request, RuleDraft)

    async def work(db: Db) -> Response[bytes]:
        if draft.company_id is not None:
            await companies.get(db, draft.company_id)
        return answer(await rules.create(db, draft, private_addresses_allowed=services.private_webhook_addresses))

    return await in_transaction(services, request, work)


@get("/rules/{rule_id:str}")
async def get_rule(rule_id: str, services: Given) -> Response[bytes]:
    """One rule."""
    try:
        return answer(await rules.get(services.pool, id_of(rule_id, "rule")))
    except RuleNotFound as error:
        raise not_found(f"No rule was found with ID {error}", CLIENTS) from error


ROUTES: list[ControllerRouterHandler] = [list_rules, create_rule, get_rule]
