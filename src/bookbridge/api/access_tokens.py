"""`/companies/{id}/accessToken`, and the older form of it: tokens for an application's own web pages."""

from __future__ import annotations

import msgspec
from litestar import Response, get
from litestar.types import ControllerRouterHandler

from bookbridge.api.bodies import answer
from bookbridge.api.parameters import company_id_of
from bookbridge.api.services import Given
from bookbridge.companies import companies
from bookbridge.companies.access_tokens import LIFETIME_S


class TokenView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An access token of one company, for web pages."""

    access_token: str
    """The token."""
    expires_in: int
    """Seconds that it is good for."""
    token_type: str
    """How it is sent: Bearer."""


class OlderTokenView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An access token of one company, in the older form."""

    access_token: str
    """The token."""


@get("/companies/{company_id:str}/accessToken")
async def get_access_token(company_id: str, services: Given) -> Response[bytes]:
    """A token for one company, good for a day."""
    token = await _issued(services, company_id)
    return answer(TokenView(access_token=token, expires_in=LIFETIME_S, token_type="Bearer"))  # noqa: S106 - a scheme


@get("/companies/{company_id:str}/connectionManagement/accessToken")
async def get_older_access_token(company_id: str, services: Given) -> Response[bytes]:
    """The same token in the older form."""
    return answer(OlderTokenView(access_token=await _issued(services, company_id)))


async def _issued(services: Given, text: str) -> str:
    company_id = company_id_of(text)
    async with services.pool.acquire() as db:
        await companies.get(db, company_id)
    return services.access_tokens.issue(company_id)


ROUTES: list[ControllerRouterHandler] = [get_access_token, get_older_access_token]
