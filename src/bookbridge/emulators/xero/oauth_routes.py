"""The identity service over HTTP: consent page, token, revocation, connections.

It must not hold state: see identity.py.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import html
from collections.abc import Callable, Iterable
from urllib.parse import parse_qs, parse_qsl, unquote, urlencode, urlsplit

from bookbridge.emulators.xero.http import Request, Response, json_response, text_response
from bookbridge.emulators.xero.identity import AuthorizationRequest, Connection, Identity, OAuthError
from bookbridge.emulators.xero.settings import ALL_SCOPES, RegisteredApp
from bookbridge.emulators.xero.wire import problem

MAX_STATE_CHARS = 2_000
_LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}

TenantNames = Callable[[], list[tuple[str, str]]]
"""Gives the (tenant id, name) pairs that the user may share."""

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Allow {app} access? - Xero emulator</title>
<style>
*{{box-sizing:border-box}}
body{{font:1rem/1.5 system-ui,sans-serif;margin:0;padding:1rem;background:#eef2f5;color:#1c2b36}}
main{{max-width:30rem;margin:0 auto;background:#fff;border-radius:8px;padding:1.25rem;box-shadow:0 2px 12px #0002}}
@media(min-width:36rem){{main{{margin-top:3rem;padding:2rem}}}}
h1{{font-size:1.25rem;line-height:1.3;margin:0 0 .5rem;overflow-wrap:anywhere}}
fieldset{{border:1px solid #8496a3;border-radius:6px;margin:1rem 0;padding:.25rem .75rem;min-width:0}}
label{{display:flex;gap:.75rem;align-items:center;min-height:2.75rem;overflow-wrap:anywhere}}
input{{flex:none;width:1.25rem;height:1.25rem;margin:0}}
ul{{padding-left:1.25rem}} li{{font-size:.9rem;overflow-wrap:anywhere}}
.note{{font-size:.875rem;color:#4d5c67;margin:0}}
.actions{{display:flex;flex-wrap:wrap;gap:.75rem;margin:1.25rem 0 0}}
button{{flex:1 1 10rem;font:inherit;min-height:2.75rem;padding:.5rem 1rem;border-radius:6px;cursor:pointer;
border:1px solid #0b6290}}
.allow{{background:#0b6290;color:#fff}} .cancel{{background:#fff;color:#0b6290}}
:focus-visible{{outline:3px solid #f0a020;outline-offset:2px}}
</style></head><body><main>
<h1>{app} wants access to your organisations</h1>
<p class="note">This is an emulator with invented books. No real company is behind it.</p>
<form method="post" action="{action}">
<fieldset><legend>Organisations to share</legend>
{choices}
</fieldset>
<h2 class="note">It asks for</h2><ul>{scopes}</ul>
<p class="actions"><button class="allow" name="decision" value="allow" type="submit">Allow access</button>
<button class="cancel" name="decision" value="cancel" type="submit">Cancel</button></p>
</form></main></body></html>
"""

_MISSING_CHOICE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Nothing chosen - Xero emulator</title></head>
<body style="font:1rem/1.5 system-ui,sans-serif;max-width:30rem;margin:2rem auto;padding:0 1rem">
<main><h1 style="font-size:1.25rem">Choose at least one organisation</h1>
<p>Nothing was shared. <a href="{again}">Go back and choose</a></p></main></body></html>
"""

_PAGE_HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "cache-control": "no-store",
}


def authorize(identity: Identity, tenants: TenantNames, request: Request) -> Response:
    """Show the consent page (GET) or act on it (POST)."""
    try:
        wanted = _authorization_request(identity, request)
    except _BadRequest as refused:
        return text_response(str(refused), 400)
    except _RedirectError as refused:
        return _redirect(refused.uri, {"error": refused.error, "state": refused.state})
    if request.method == "POST":
        return _decide(identity, tenants, wanted, request)
    choices = "\n".join(
        f'<label><input type="checkbox" name="tenant" value="{tenant_id}"{" checked" if not index else ""}>'
        f" {html.escape(name)}</label>"
        for index, (tenant_id, name) in enumerate(tenants())
    )
    page = _PAGE.format(
        app=html.escape(wanted.app.name),
        action=html.escape(f"?{request.query_string}", quote=True),
        choices=choices,
        scopes="".join(f"<li>{html.escape(scope)}</li>" for scope in wanted.scopes),
    )
    return Response(headers=dict(_PAGE_HEADERS), body=page.encode())


class _BadRequest(Exception):
    """Shown to the person: the request cannot be answered by a redirect."""


class _RedirectError(Exception):
    """Told to the app by a redirect."""

    def __init__(self, uri: str, error: str, state: str) -> None:
        super().__init__(error)
        self.uri, self.error, self.state = uri, error, state


def _authorization_request(identity: Identity, request: Request) -> AuthorizationRequest:
    app = identity.apps.get(request.query.get("client_id", ""))
    if app is None:
        raise _BadRequest("unauthorized_client: unknown client or client not enabled")
    uri = request.query.get("redirect_uri", "")
    if not _may_redirect(app, uri):
        raise _BadRequest("invalid_request: invalid redirect_uri")
    state = request.query.get("state", "")
    if len(state) > MAX_STATE_CHARS:
        raise _BadRequest("invalid_request: state is too long")
    if request.query.get("response_type") != "code":
        raise _RedirectError(uri, "unsupported_response_type", state)
    scopes = tuple(dict.fromkeys(request.query.get("scope", "").split()))
    if not scopes or any(scope not in ALL_SCOPES for scope in scopes):
        raise _RedirectError(uri, "invalid_scope", state)
    challenge = request.query.get("code_challenge")
    if challenge is not None and request.query.get("code_challenge_method") != "S256":
        raise _RedirectError(uri, "invalid_request", state)
    if challenge is None and app.client_secret is None:
        raise _RedirectError(uri, "invalid_request", state)
    return AuthorizationRequest(app=app, redirect_uri=uri, scopes=scopes, state=state, code_challenge=challenge)


def _may_redirect(app: RegisteredApp, uri: str) -> bool:
    if uri in app.redirect_uris:
        return True
    try:
        host = urlsplit(uri).hostname
    except ValueError:
        return False
    return app.allow_any_localhost_redirect and host in _LOCAL_HOSTS and uri.startswith("http")


def _decide(identity: Identity, tenants: TenantNames, wanted: AuthorizationRequest, request: Request) -> Response:
    form = parse_qs(request.body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=500)
    if form.get("decision", [""])[0] != "allow":
        return _redirect(wanted.redirect_uri, {"error": "access_denied", "state": wanted.state})
    known = {tenant_id for tenant_id, _ in tenants()}
    chosen = [tenant_id for tenant_id in form.get("tenant", []) if tenant_id in known]
    if not chosen:
        page = _MISSING_CHOICE.format(again=html.escape(f"?{request.query_string}", quote=True))
        return Response(status=400, headers=dict(_PAGE_HEADERS), body=page.encode())
    code = identity.consent(wanted, chosen)
    return _redirect(wanted.redirect_uri, {"code": code, "scope": " ".join(wanted.scopes), "state": wanted.state})


def _redirect(uri: str, parameters: dict[str, str]) -> Response:
    query = urlencode({name: value for name, value in parameters.items() if value})
    separator = "&" if "?" in uri else "?"
    return Response(status=302, headers={"location": f"{uri}{separator}{query}", "cache-control": "no-store"})


# -- tokens ---------------------------------------------------------------------------------------


def token(identity: Identity, request: Request) -> Response:
    """The token endpoint: authorization_code, refresh_token, client_credentials."""
    form = _form(request)
    try:
        client_id, secret = _client(request, form)
        app = identity.authenticate(client_id, secret)
        answer = _tokens(identity, app, form)
    except OAuthError as refused:
        return json_response({"error": refused.error}, refused.status, {"cache-control": "no-store"})
    return json_response(answer, headers={"cache-control": "no-store"})


def _tokens(identity: Identity, app: RegisteredApp, form: dict[str, str]) -> dict[str, object]:
    kind = form.get("grant_type", "")
    if kind == "authorization_code":
        return identity.exchange_code(
            app, form.get("code", ""), form.get("redirect_uri", ""), form.get("code_verifier")
        )
    if kind == "refresh_token":
        return identity.refresh(app, form.get("refresh_token", ""))
    if kind == "client_credentials":
        scopes = tuple(form.get("scope", "").split())
        if any(scope not in ALL_SCOPES for scope in scopes):
            raise OAuthError("invalid_scope")
        return identity.client_credentials(app, scopes)
    raise OAuthError("unsupported_grant_type")


def revocation(identity: Identity, request: Request) -> Response:
    """Revoke a refresh token: 200 with no body, also for an unknown one."""
    form = _form(request)
    try:
        app = identity.authenticate(*_client(request, form))
    except OAuthError as refused:
        return json_response({"error": refused.error}, refused.status)
    identity.revoke(app, form.get("token", ""))
    return Response()


def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.body.decode("utf-8", "replace"), max_num_fields=100))


def _client(request: Request, form: dict[str, str]) -> tuple[str, str | None]:
    """Client id and secret from HTTP Basic, or from the form."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise OAuthError("invalid_client") from None
        return unquote(client_id), unquote(secret)
    return form.get("client_id", ""), form.get("client_secret")


# -- connections ----------------------------------------------------------------------------------


def bearer(identity: Identity, request: Request, now_s: float) -> tuple[str, str, tuple[str, ...]] | Response:
    """The client id, auth event id and scopes behind a request's token, or the 401 answer."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    found = identity.access(text.strip()) if scheme.lower() == "bearer" else None
    if found is None:
        return problem(
            401,
            "Unauthorized",
            "AuthenticationUnsuccessful",
            {"www-authenticate": 'Bearer error="invalid_token"'},
        )
    if found.expires_s <= now_s:
        moment = dt.datetime.fromtimestamp(found.expires_s, tz=dt.UTC)
        return problem(
            401,
            "Unauthorized",
            f"TokenExpired: token expired at {moment:%m/%d/%Y %H:%M:%S}",
            {"www-authenticate": 'Bearer error="invalid_token", error_description="The token expired"'},
        )
    return found.grant.client_id, found.grant.auth_event_id, found.grant.scopes


def connections(identity: Identity, names: dict[str, str], request: Request, client_id: str) -> Response:
    """GET the app's connections."""
    if request.method != "GET" or len(request.segments) > 1:
        return text_response("", 405)
    found = identity.connections_of(client_id, request.param("authEventId"))
    return json_response(list(_shown(found, names)))


def disconnect(identity: Identity, request: Request, client_id: str) -> Response:
    """DELETE one of the app's connections, by id."""
    if len(request.segments) != 2:
        return text_response("", 405)
    connection = identity.connections.get(request.segments[1].lower())
    if connection is None or connection.removed or connection.client_id != client_id:
        return text_response("", 404)
    connection.removed = True
    return Response(status=204)


def _shown(found: Iterable[Connection], names: dict[str, str]) -> Iterable[dict[str, str]]:
    for connection in found:
        yield {
            "id": connection.connection_id,
            "authEventId": connection.auth_event_id,
            "tenantId": connection.tenant_id,
            "tenantType": "ORGANISATION",
            "tenantName": names.get(connection.tenant_id, ""),
            "createdDateUtc": _seven_decimals(connection.created),
            "updatedDateUtc": _seven_decimals(connection.updated),
        }


def _seven_decimals(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}0"
