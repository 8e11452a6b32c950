"""Consent, codes, tokens, rotation, revocation, connections."""

from __future__ import annotations

import base64
import json
import re
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from bookbridge.emulators.xero import RegisteredApp, XeroEmulatorSettings
from tests.emulators.xero.world import CLIENT_ID, CLIENT_SECRET, GENEROUS, REDIRECT, SCOPES, World, serve


def claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def authorize(world: World, **changes: str | None) -> httpx2.Response:
    query = {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": REDIRECT,
        "scope": SCOPES,
        "state": "s",
        **changes,
    }
    return world.http.get(f"/identity/connect/authorize?{urlencode({k: v for k, v in query.items() if v is not None})}")


def refresh(world: World, token: str) -> httpx2.Response:
    return world.token(grant_type="refresh_token", refresh_token=token)


def test_the_token_names_the_consent_of_its_connections(world: World) -> None:
    token = world.sign_in(pick=2)
    found = claims(token["access_token"])
    assert token["expires_in"] == 1800
    assert token["scope"] == SCOPES
    assert {"access_token", "refresh_token", "id_token", "token_type"} <= set(token)
    headers = {"authorization": f"Bearer {token['access_token']}"}
    everything = world.http.get("/Connections", headers=headers).json()
    assert {c["authEventId"] for c in everything} == {found["authentication_event_id"]}
    assert [c["tenantName"] for c in everything] == ["Fernhollow Studio Ltd", "Ardcullen Provisions Ltd"]
    assert len(everything[0]["createdDateUtc"].split(".")[1]) == 7
    event = found["authentication_event_id"]
    again = world.sign_in(pick=1)
    assert len(world.http.get(f"/connections?authEventId={event}", headers=headers).json()) == 1
    newer = claims(again["access_token"])["authentication_event_id"]
    renewed = world.http.get(f"/connections?authEventId={newer}", headers=headers).json()
    assert renewed[0]["id"] == everything[0]["id"], "consenting again keeps the connection"


def test_cancel_redirects_with_access_denied(world: World) -> None:
    query = urlencode(
        {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "redirect_uri": REDIRECT,
            "scope": "openid",
            "state": "s 1",
        }
    )
    answer = world.http.post(f"/identity/connect/authorize?{query}", data={"decision": "cancel"})
    assert answer.status_code == 302
    assert answer.headers["location"] == f"{REDIRECT}?error=access_denied&state=s+1"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"client_id": "nobody"}, 400),
        ({"redirect_uri": "https://evil.example/cb"}, 400),
        ({"redirect_uri": None}, 400),
        ({"redirect_uri": "javascript://localhost/%0aalert(1)"}, 400),
        ({"scope": "everything.please"}, 302),
        ({"response_type": "token"}, 302),
        ({"code_challenge": "x", "code_challenge_method": "plain"}, 302),
        ({"state": "<script>"}, 200),
    ],
)
def test_bad_authorization_requests(shared_world: World, changes: dict[str, str | None], status: int) -> None:
    answer = authorize(shared_world, **changes)
    assert answer.status_code == status
    assert "<script>" not in answer.text


def test_codes_are_single_use_and_bound_to_redirect_and_verifier(world: World) -> None:
    code = world.consent()["code"]
    wrong = world.token(grant_type="authorization_code", code=code, redirect_uri="http://localhost:1/other")
    assert (wrong.status_code, wrong.text) == (400, '{"error":"invalid_grant"}')
    code = world.consent()["code"]
    assert world.token(grant_type="authorization_code", code=code, redirect_uri=REDIRECT).status_code == 200
    assert world.token(grant_type="authorization_code", code=code, redirect_uri=REDIRECT).status_code == 400
    code = world.consent(code_challenge="a" * 43, code_challenge_method="S256")["code"]
    missing = world.token(grant_type="authorization_code", code=code, redirect_uri=REDIRECT)
    assert missing.json() == {"error": "invalid_grant"}


def test_codes_expire(world: World) -> None:
    code = world.consent()["code"]
    world.control("POST", "clock", {"advance_s": 301})
    answer = world.token(grant_type="authorization_code", code=code, redirect_uri=REDIRECT)
    assert answer.json() == {"error": "invalid_grant"}


def test_client_authentication(shared_world: World) -> None:
    world = shared_world
    form = {"grant_type": "client_credentials", "scope": "accounting.settings"}
    basic = world.http.post("/connect/token", data=form, auth=(CLIENT_ID, CLIENT_SECRET))
    assert basic.status_code == 200
    assert "refresh_token" not in basic.json()
    assert world.http.post("/connect/token", data=form, auth=(CLIENT_ID, "wrong")).json() == {"error": "invalid_client"}
    assert world.token(grant_type="password").json() == {"error": "unsupported_grant_type"}


def test_a_public_app_needs_pkce() -> None:
    app = RegisteredApp(client_id="pub", client_secret=None, name="Public", redirect_uris=("https://a.example/cb",))
    with serve(XeroEmulatorSettings(limits=GENEROUS, apps=(app,))) as world:
        uri = "https://a.example/cb"
        refused = authorize(world, client_id="pub", redirect_uri=uri)
        assert "error=invalid_request" in refused.headers["location"]
        assert authorize(world, client_id="pub", redirect_uri=f"{uri}/more").status_code == 400


def test_refresh_rotates_with_grace(world: World) -> None:
    first = world.sign_in()["refresh_token"]
    second = refresh(world, first).json()["refresh_token"]
    assert second != first
    assert refresh(world, first).status_code == 200, "a lost answer can be asked for again"
    world.control("POST", "clock", {"advance_s": 1801})
    assert refresh(world, first).json() == {"error": "invalid_grant"}
    assert refresh(world, second).status_code == 200


@pytest.mark.parametrize("kills", [False, True])
def test_strict_rotation(kills: bool) -> None:
    settings = XeroEmulatorSettings(limits=GENEROUS, refresh_grace_s=0, kill_chain_on_reuse=kills)
    with serve(settings) as world:
        first = world.sign_in()["refresh_token"]
        second = refresh(world, first).json()["refresh_token"]
        reused = refresh(world, first)
        assert (reused.status_code, reused.text) == (400, '{"error":"invalid_grant"}')
        assert refresh(world, second).status_code == (400 if kills else 200)


def test_refresh_tokens_die_unused(world: World) -> None:
    token = world.sign_in()["refresh_token"]
    world.control("POST", "clock", {"advance_s": 61 * 86_400})
    assert refresh(world, token).json() == {"error": "invalid_grant"}


def test_no_refresh_token_without_offline_access(world: World) -> None:
    assert "refresh_token" not in world.sign_in(scope="openid accounting.settings")


def test_expired_and_unknown_access_tokens(world: World) -> None:
    api = world.session()
    world.control("POST", "expire-tokens")
    answer = api.call("GET", "Organisation")
    assert answer.status_code == 401
    assert answer.json()["Detail"].startswith("TokenExpired: token expired at ")
    answer = api.call("GET", "Organisation", headers={"authorization": "Bearer nonsense"})
    assert answer.json()["Detail"] == "AuthenticationUnsuccessful"
    assert "invalid_token" in answer.headers["www-authenticate"]
    assert refresh(world, api.token["refresh_token"]).status_code == 200


def test_scopes(world: World) -> None:
    api = world.session(scope="accounting.contacts.read offline_access")
    assert api.call("GET", "Contacts").status_code == 200
    for method, path in (("PUT", "Contacts"), ("GET", "Invoices"), ("GET", "Journals")):
        answer = api.call(method, path)
        assert answer.status_code == 401
        assert answer.json()["Detail"] == "AuthorizationUnsuccessful"
        assert answer.headers["www-authenticate"] == "insufficient_scope"


def test_disconnecting(world: World) -> None:
    api = world.session()
    headers = {"authorization": f"Bearer {api.token['access_token']}"}
    connection = world.http.get("/connections", headers=headers).json()[0]
    assert world.http.delete(f"/connections/{connection['id']}", headers=headers).status_code == 204
    assert world.http.delete(f"/connections/{connection['id']}", headers=headers).status_code == 404
    assert api.call("GET", "Organisation").status_code == 403
    assert refresh(world, api.token["refresh_token"]).status_code == 200


def test_a_tenant_without_connection_is_forbidden(world: World) -> None:
    api = world.session()
    other = world.tenants[1]["tenant_id"]
    for tenant in (other, "not-a-tenant", ""):
        answer = api.call("GET", "Organisation", headers={"xero-tenant-id": tenant})
        assert answer.status_code == 403
        assert answer.json()["Detail"] == "AuthenticationUnsuccessful"


def test_revocation_ends_everything(world: World) -> None:
    api = world.session()
    form = {"token": api.token["refresh_token"], "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    assert world.http.post("/connect/revocation", data=form).status_code == 200
    assert api.call("GET", "Organisation").status_code == 401
    assert refresh(world, api.token["refresh_token"]).status_code == 400


@pytest.mark.parametrize(
    ("scope", "open_paths", "shut_paths"),
    [
        ("accounting.invoices", ["Invoices", "CreditNotes", "Items", "PurchaseOrders"], ["Payments", "Contacts"]),
        ("accounting.payments.read", ["Payments", "BatchPayments", "Overpayments"], ["Invoices", "BankTransfers"]),
        ("accounting.banktransactions", ["BankTransactions", "BankTransfers"], ["Payments", "ManualJournals"]),
        ("accounting.settings.read", ["Organisation", "Accounts", "TaxRates", "TrackingCategories"], ["Invoices"]),
        ("accounting.reports.trialbalance.read", ["Reports/TrialBalance"], ["Reports/BankSummary", "Journals"]),
    ],
)
def test_split_scopes(shared_world: World, scope: str, open_paths: list[str], shut_paths: list[str]) -> None:
    api = shared_world.session(scope=scope)
    assert {path: api.call("GET", path).status_code for path in open_paths} == dict.fromkeys(open_paths, 200)
    assert {path: api.call("GET", path).status_code for path in shut_paths} == dict.fromkeys(shut_paths, 401)


def test_journals_outside_the_tier_are_forbidden() -> None:
    with serve(XeroEmulatorSettings(limits=GENEROUS, journals_enabled=False)) as world:
        assert world.session().call("GET", "Journals").status_code == 403


@pytest.mark.parametrize("path", ["", "api.xro", "api.xro/1.0/Invoices", "identity", "connect", "nowhere"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_other_paths_are_not_found(shared_world: World, method: str, path: str) -> None:
    assert shared_world.http.request(method, f"/{path}").status_code == 404


def test_a_consent_to_nothing_is_explained(shared_world: World) -> None:
    query = f"response_type=code&client_id={CLIENT_ID}&redirect_uri={REDIRECT}&scope=openid&state=x"
    page = shared_world.http.post(f"/identity/connect/authorize?{query}", data={"decision": "allow"})
    assert page.status_code == 400
    assert "Choose at least one organisation" in page.text
    again = re.search(r'href="([^"]+)"', page.text)
    assert again is not None
    back = shared_world.http.get("/identity/connect/authorize" + again[1].replace("&amp;", "&"))
    assert '<html lang="en">' in back.text
    assert back.text.count("<h1>") == 1
    assert back.text.count("<label>") == back.text.count('type="checkbox"') == 2
