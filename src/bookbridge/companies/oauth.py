"""Talking OAuth 2 to a vendor: the consent URL, and the three calls to the token endpoint's neighbourhood.

Stateless: what is stored, and who may call when, is the business of `link.py` and `tokens.py`. Tokens and codes
never reach a log or an error message.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import httpx2
import msgspec
import structlog
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri

from bookbridge.companies.credentials import Grant
from bookbridge.connectors.kit.auth import ClientAuth, OAuth2
from bookbridge.connectors.kit.errors import Uncertain, VendorError, VendorUnavailable
from bookbridge.connectors.kit.session import VendorApp

log = structlog.get_logger(__name__)

ANSWER_SIZE_MAX_BYTES = 256 * 1024
VERIFIER_SIZE_BYTES = 48
EXPIRES_IN_DEFAULT_S = 1_800
EXPIRES_IN_MAX_S = 366 * 86_400
ERROR_TEXT_LENGTH_MAX = 200


class GrantRefused(VendorError):
    """The vendor says `invalid_grant`: the code or refresh token is used up, expired or revoked."""


class ClientRefused(VendorError):
    """The vendor refuses our registration (client id, secret, redirect URI, scope): the operator must act."""


@dataclass(frozen=True, repr=False)
class Issued:
    """A fresh grant and the moment at which its access token ends."""

    grant: Grant
    expires: datetime


class _Answer(msgspec.Struct, frozen=True):
    access_token: str
    refresh_token: str | None = None
    expires_in: int | float | str | None = None
    scope: str | None = None


class _Refusal(msgspec.Struct, frozen=True):
    error: str = ""
    error_description: str = ""


def new_verifier() -> str:
    """A PKCE verifier of 64 characters."""
    return secrets.token_urlsafe(VERIFIER_SIZE_BYTES)


def authorize_url(auth: OAuth2, app: VendorApp, *, redirect_uri: str, state: str, verifier: str | None) -> str:
    """Where the browser goes to ask for consent. The scopes are the app's option `scopes`, else the manifest's."""
    scope = app.options.get("scopes") or " ".join(auth.scopes)
    extra: dict[str, str] = {}
    if verifier is not None:
        digest = hashlib.sha256(verifier.encode()).digest()
        extra["code_challenge"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        extra["code_challenge_method"] = "S256"
    url: str = prepare_grant_uri(
        app.endpoints["authorize"],
        app.client_id,
        "code",
        redirect_uri=redirect_uri,
        scope=scope,
        state=state,
        **extra,
    )
    return url


async def exchange(
    http: httpx2.AsyncClient, auth: OAuth2, app: VendorApp, *, code: str, redirect_uri: str, verifier: str | None
) -> Issued:
    """Turn the code of a consent into a grant. Raises GrantRefused, ClientRefused, VendorUnavailable, and
    Uncertain when the vendor may have used up the code without our seeing the answer."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    if verifier is not None:
        form["code_verifier"] = verifier
    return _issued(await _post(http, auth, app, "token", form), None)


async def refresh(http: httpx2.AsyncClient, auth: OAuth2, app: VendorApp, refresh_token: str) -> Issued:
    """Turn a refresh token into a new grant, which holds the old refresh token if the vendor sent no new one.
    Raises like `exchange`: after Uncertain the refresh token may be used up."""
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return _issued(await _post(http, auth, app, "token", form), refresh_token)


async def revoke(http: httpx2.AsyncClient, auth: OAuth2, app: VendorApp, token: str) -> None:
    """Give a token back. Raises VendorError; does nothing for a vendor without that endpoint."""
    if app.endpoints.get("revoke"):
        await _post(http, auth, app, "revoke", {"token": token})


def moment_after(seconds: float) -> datetime:
    """The moment so many seconds from now."""
    return datetime.now(UTC) + timedelta(seconds=seconds)


def _issued(body: bytes, refresh_token: str | None) -> Issued:
    try:
        answer = msgspec.json.decode(body, type=_Answer)
        lifetime_s = EXPIRES_IN_DEFAULT_S if answer.expires_in is None else float(answer.expires_in)
    except (msgspec.DecodeError, ValueError):
        # No text of the answer: it may hold half a token.
        raise VendorUnavailable("The vendor's token endpoint answered something that is no token.") from None
    if not answer.access_token or not answer.access_token.isascii():
        raise VendorUnavailable("The vendor's token endpoint answered without an access token.")
    grant = Grant(access_token=answer.access_token, refresh_token=answer.refresh_token or refresh_token)
    return Issued(grant, moment_after(min(max(lifetime_s, 0.0), EXPIRES_IN_MAX_S)))


async def _post(
    http: httpx2.AsyncClient, auth: OAuth2, app: VendorApp, endpoint: str, form: Mapping[str, str]
) -> bytes:
    form, headers = _authenticated(auth, app, form)
    try:
        async with asyncio.timeout(auth.token_timeout_s):
            request = http.build_request(
                "POST",
                app.endpoints[endpoint],
                data=form,
                headers=headers,
                timeout=httpx2.Timeout(auth.token_timeout_s),
            )
            response = await http.send(request, stream=True)
            body = await _bounded(response)
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol) as error:
        raise VendorUnavailable(
            f"The vendor's token endpoint could not be reached ({type(error).__name__})."
        ) from error
    except (httpx2.HTTPError, TimeoutError) as error:
        raise Uncertain(f"The vendor's token endpoint gave no answer ({type(error).__name__}).") from error
    if response.status_code < 300:
        return body
    raise _refused(response.status_code, body)


def _authenticated(auth: OAuth2, app: VendorApp, form: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    headers = {"accept": "application/json"}
    if not app.client_secret:
        return {**form, "client_id": app.client_id}, headers
    if auth.client_auth is ClientAuth.BODY:
        return {**form, "client_id": app.client_id, "client_secret": app.client_secret}, headers
    # RFC 6749 2.3.1: both parts are form-encoded before they are joined.
    pair = f"{quote(app.client_id, safe='')}:{quote(app.client_secret, safe='')}"
    headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return dict(form), headers


async def _bounded(response: httpx2.Response) -> bytes:
    body = b""
    try:
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > ANSWER_SIZE_MAX_BYTES:
                raise VendorUnavailable("The vendor's token endpoint sent too much.")
    finally:
        await response.aclose()
    return body


def _refused(status: int, body: bytes) -> VendorError:
    try:
        refusal = msgspec.json.decode(body, type=_Refusal)
    except msgspec.DecodeError:
        refusal = _Refusal()
    log.info("token_endpoint_refused", status=status, error=refusal.error[:ERROR_TEXT_LENGTH_MAX])
    text = (refusal.error_description or refusal.error or f"status {status}")[:ERROR_TEXT_LENGTH_MAX]
    if refusal.error == "invalid_grant":
        return GrantRefused(f"The vendor refused the authorisation: {text}")
    if status in {400, 401, 403} and refusal.error:
        return ClientRefused(f"The vendor refused this installation's registration: {text}")
    return VendorUnavailable(f"The vendor's token endpoint failed: {text}")
