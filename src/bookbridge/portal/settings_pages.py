"""Portal pages of the client's profile and API keys."""

from __future__ import annotations

import msgspec
from litestar import Response, get, post

from bookbridge.companies import clients
from bookbridge.companies.clients import ApiKey, Profile
from bookbridge.companies.errors import ApiKeyNotFound, CompaniesError, Conflict, ValidationProblem
from bookbridge.portal.forms import BODY_SIZE_MAX_BYTES, Asked, PageNotFound, browser, identifier, sent_form
from bookbridge.portal.rendering import see_other
from bookbridge.portal.services import Given, PortalServices
from bookbridge.portal.sessions import session_of
from bookbridge.portal.shell import portal_page

SETTINGS = "/portal/settings"
KEYS = "/portal/keys"


@get(SETTINGS)
async def settings_page(request: Asked, services: Given) -> Response[str]:
    """The profile: the name people see on Link pages, and where they go afterwards."""
    async with services.pool.acquire() as db:
        profile = (await clients.client(db)).profile
    return await _settings(request, services, profile, "")


@post(SETTINGS, request_max_body_size=BODY_SIZE_MAX_BYTES)
async def save_settings(request: Asked, services: Given) -> Response[str]:
    """Save the profile; what this form does not show stays as it is."""
    fields = await sent_form(request, browser(request, services))
    async with services.pool.acquire() as db, db.transaction():
        profile = msgspec.structs.replace(
            (await clients.client(db)).profile,
            name=fields.get("name", "").strip(),
            redirect_url=fields.get("redirect_url", "").strip(),
            white_list_urls=tuple(line.strip() for line in fields.get("allowed", "").splitlines() if line.strip()),
        )
        try:
            await clients.replace_profile(db, profile)
        except ValidationProblem as problem:
            return await _settings(request, services, profile, problem.message)
    return see_other(f"{SETTINGS}?done=saved")


@get(KEYS)
async def keys_page(request: Asked, services: Given) -> Response[str]:
    """The API keys, without the keys themselves."""
    return await _keys(request, services, None, "")


@post(KEYS, request_max_body_size=BODY_SIZE_MAX_BYTES)
async def create_key(request: Asked, services: Given) -> Response[str]:
    """A new key, shown in clear on the page that answers."""
    fields = await sent_form(request, browser(request, services))
    try:
        async with services.pool.acquire() as db, db.transaction():
            key = await clients.create_key(db, services.vault, fields.get("name", "").strip())
    except CompaniesError as problem:
        return await _keys(request, services, None, problem.message)
    return await _keys(request, services, key, "")


@get(KEYS + "/{key_id:str}/delete")
async def key_deletion_page(request: Asked, services: Given, key_id: str) -> Response[str]:
    """What deleting the key means."""
    wanted = identifier(key_id)
    async with services.pool.acquire() as db:
        found = next((key for key in await clients.keys(db, services.vault) if key.id == wanted), None)
    if found is None:
        raise PageNotFound
    own = (await session_of(request, services)).key_id == wanted
    return await portal_page(
        request,
        services,
        "confirm",
        section="keys",
        title=f"Delete the key “{found.name or 'without a name'}”?",
        text="Requests with it are refused from then on, and everybody who signed in here with it is signed out."
        + (" You signed in with this key." if own else ""),
        action=f"{KEYS}/{wanted}/delete",
        button="Delete the key",
        back=KEYS,
    )


@post(KEYS + "/{key_id:str}/delete", request_max_body_size=BODY_SIZE_MAX_BYTES)
async def delete_key(request: Asked, services: Given, key_id: str) -> Response[str]:
    """Delete a key."""
    await sent_form(request, browser(request, services))
    try:
        async with services.pool.acquire() as db, db.transaction():
            await clients.delete_key(db, identifier(key_id))
    except ApiKeyNotFound:
        raise PageNotFound from None
    except Conflict as problem:
        return await _keys(request, services, None, problem.message)
    services.api_key_deleted()
    return see_other(f"{KEYS}?done=deleted")


async def _settings(request: Asked, services: PortalServices, profile: Profile, problem: str) -> Response[str]:
    return await portal_page(
        request,
        services,
        "settings",
        section="settings",
        status_code=422 if problem else 200,
        profile=profile,
        problem=problem,
    )


async def _keys(request: Asked, services: PortalServices, fresh: ApiKey | None, problem: str) -> Response[str]:
    async with services.pool.acquire() as db:
        keys = await clients.keys(db, services.vault)
    return await portal_page(
        request,
        services,
        "keys",
        section="keys",
        status_code=422 if problem else 200,
        keys=keys,
        fresh=fresh,
        own=(await session_of(request, services)).key_id,
        room=clients.KEYS_MAX - len(keys),
        problem=problem,
    )


HANDLERS = [settings_page, save_settings, keys_page, create_key, key_deletion_page, delete_key]
