"""Every operation of the contract's files, asked of a running server: its status and body are as the file says, and as
our own document says.

Each operation is asked three times: as it is meant, without a good key, and about what does not exist.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from tests.contract import own
from tests.contract.asking import every, refused, with_bodies
from tests.contract.conftest import CUSTOM, ORIGINS, PLATFORM, World
from tests.contract.documents import NAMES, Operation

COMPANY = "/companies/{companyId}"
CONNECTION = COMPANY + "/connections/{connectionId}"
SUPPLEMENT = {"supplementalDataConfig": {"more": {"dataSource": "/Contacts", "pullData": {"mine": "Name"}}}}
SETTING = {"dataType": "invoices", "fetchOnFirstLink": True, "syncSchedule": 24, "syncOrder": 0, "syncFromWindow": 24}
PROFILE = {"name": "Me", "redirectUrl": "https://app.example.com/{companyId}", "whiteListUrls": ["https://b.io"]}
HOOK = {"url": "https://hooks.example.com/b", "eventTypes": ["company.created"]}

BODIES: dict[tuple[str, str], Callable[[World], Any]] = {
    ("post", "/companies"): lambda world: {"name": "New", "description": "d", "tags": {"region": "uk"}},
    ("put", COMPANY): lambda world: {"name": "Replaced", "description": "d"},
    ("patch", COMPANY): lambda world: {"name": "Changed", "tags": {"region": "uk"}},
    ("post", COMPANY + "/connections"): lambda world: {"platformKey": "qhyg"},
    ("patch", CONNECTION): lambda world: {"status": "Unlinked"},
    ("put", CONNECTION + "/authorization"): lambda world: {},
    ("post", COMPANY + "/syncSettings"): lambda world: {
        "companyId": world.company,
        "settings": [SETTING],
        "overridesDefaults": True,
    },
    ("post", "/profile/syncSettings"): lambda world: {
        "clientId": world.client,
        "settings": [SETTING],
        "overridesDefaults": True,
    },
    ("post", COMPANY + "/products/{productIdentifier}/refresh"): lambda world: {"dataTypes": ["suppliers"]},
    ("post", "/corsSettings"): lambda world: ORIGINS,
    ("post", "/connectionManagement/corsSettings"): lambda world: ORIGINS,
    ("post", "/webhooks"): lambda world: HOOK,
    ("put", "/profile"): lambda world: PROFILE,
    ("post", "/apiKeys"): lambda world: {"name": f"Key {uuid4().hex[:8]}"},
    ("put", "/integrations/{platformKey}/dataTypes/{dataType}/supplementalDataConfig"): lambda world: SUPPLEMENT,
    ("put", "/integrations/{platformKey}/datatypes/{dataType}/supplementalDataConfig"): lambda world: SUPPLEMENT,
    ("put", "/integrations/{platformKey}/dataTypes/custom/{customDataIdentifier}"): lambda world: CUSTOM,
    ("post", "/rules"): lambda world: {
        "type": "Dataset data changed",
        "companyId": world.company,
        "notifiers": {"emails": ["a@example.com"], "webhook": "https://hooks.example.com/c"},
    },
}

DESTRUCTIVE = {("patch", CONNECTION), ("delete", CONNECTION), ("delete", COMPANY)}
"""Operations that get a company and a connection of their own."""


def path_of(operation: Operation, world: World, company: str, connection: str) -> str:
    return operation.path.format(
        companyId=company,
        connectionId=connection,
        datasetId=world.dataset,
        pushOperationKey=world.push,
        webhookId=world.webhook,
        ruleId=world.rule,
        apiKeyId=world.api_key,
        platformKey=PLATFORM,
        productIdentifier="payables",
        customDataIdentifier="people",
        dataType="suppliers",
    )


async def asked(operation: Operation, world: World) -> list[str]:
    """The operation as it is meant."""
    key = (operation.method, operation.path)
    company, connection = await world.linked() if key in DESTRUCTIVE else (world.company, world.connection)
    if operation.method == "post" and ("queue" in operation.path or "refresh" in operation.path):
        await world.until_read()
    if operation.path.endswith("/refresh"):
        await world.done("PUT", f"/companies/{company}/products/payables")
    body = BODIES[key](world) if key in BODIES else None
    if key == ("put", CONNECTION + "/authorization"):
        tenant = await world.sandbox.add_organisation()
        company = await world.api.company()
        connection = await world.api.connection(company, PLATFORM)
        body = {"accessToken": await world.sandbox.consent(tenant), "organisationId": tenant}
    answer = await world.api.http.request(
        operation.method.upper(), path_of(operation, world, company, connection), json=body
    )
    problems = [f"request {problem}" for problem in operation.request_problems(body)]
    if answer.status_code != operation.success:
        return [*problems, f"status {answer.status_code} instead of {operation.success}: {answer.text[:200]}"]
    problems += own.problems(operation.method, operation.path, answer.status_code, answer.content)
    return problems + operation.problems(answer.status_code, answer.content)


async def unknown(operation: Operation, world: World) -> list[str]:
    """The operation about what does not exist."""
    if "{" not in operation.path or "404" not in operation.content["responses"]:
        return []
    path = operation.path.format_map(Unknown())
    key = (operation.method, operation.path)
    body = BODIES[key](world) if key in BODIES else None
    answer = await world.api.http.request(operation.method.upper(), path, json=body)
    if answer.status_code != 404:
        return [f"status {answer.status_code} for {path}: {answer.text[:100]}"]
    return own.problems(operation.method, operation.path, 404, answer.content) + operation.problems(404, answer.content)


class Unknown(dict[str, str]):
    """Names nothing, by whatever parameter."""

    def __missing__(self, name: str) -> str:
        if name == "dataType":
            return "suppliers"
        return {"platformKey": "zzzz", "productIdentifier": "nonsense"}.get(name, str(uuid4()))


@pytest.mark.timeout(240)
async def test_every_operation(world: World) -> None:
    """Prints what is missing or not as the files say; there must be nothing."""

    async def ask(operation: Operation) -> list[str]:
        path = path_of(operation, world, world.company, world.connection)
        problems = await refused(operation, world.api.http, path) + await unknown(operation, world)
        problems += await asked(operation, world)
        if operation.method == "delete" and operation.path.startswith(("/apiKeys", "/webhooks")):
            await _again(world)
        return problems

    assert await every(NAMES, ask) >= 80


async def _again(world: World) -> None:
    """What was deleted is made again, for the other file."""
    world.webhook = (await world.done("POST", "/webhooks", HOOK))["id"]
    world.api_key = (await world.done("POST", "/apiKeys", {"name": uuid4().hex[:8]}))["id"]


def test_no_body_is_left_out() -> None:
    """Every operation that takes a body is asked with one, and the table holds no others."""
    assert with_bodies(NAMES) == set(BODIES)
