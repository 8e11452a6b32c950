"""Web pages of other sites: access tokens, allowed origins, preflights."""

from __future__ import annotations

import httpx2

from tests.api.conftest import Api, assert_error

ORIGIN = "https://app.example.com"


async def token(api: Api, company: str) -> str:
    body = (await api.http.get(f"/companies/{company}/accessToken")).json()
    assert (body["expiresIn"], body["tokenType"]) == (86_400, "Bearer")
    found: str = body["accessToken"]
    return found


async def allow(api: Api, *origins: str) -> None:
    answer = await api.http.post("/corsSettings", json={"allowedOrigins": list(origins)})
    assert answer.status_code == 200, answer.text


async def test_settings_under_both_paths(api: Api) -> None:
    assert (await api.http.get("/corsSettings")).json() == {"allowedOrigins": []}
    answer = await api.http.post("/connectionManagement/corsSettings", json={"allowedOrigins": [ORIGIN + "/"]})
    assert answer.json() == {"allowedOrigins": [ORIGIN]}
    assert (await api.http.get("/corsSettings")).json() == {"allowedOrigins": [ORIGIN]}
    assert_error(await api.http.post("/corsSettings", json={"allowedOrigins": ["*"]}), 400)
    assert_error(await api.http.post("/corsSettings", json={}), 400)


async def test_a_token_opens_what_its_company_needs_and_nothing_else(api: Api) -> None:
    await allow(api, ORIGIN)
    company, other = await api.company(), await api.company("Other")
    connection = await api.linked(company)
    bearer = {"Authorization": f"Bearer {await token(api, company)}", "Origin": ORIGIN}
    async with httpx2.AsyncClient(base_url=api.url, headers=bearer) as page:
        shown = await page.get(f"/companies/{company.upper()}")
        assert shown.json()["id"] == company
        assert shown.headers["access-control-allow-origin"] == ORIGIN
        assert shown.headers["vary"] == "Origin"
        assert (await page.get("/integrations?query=enabled=true")).status_code == 200
        created = await page.post(f"/companies/{company}/connections", json={"platformKey": "gbol"})
        assert created.status_code == 200
        assert (await page.get(f"/companies/{company}/connections")).json()["totalResults"] == 2
        unlinked = await page.patch(f"/companies/{company}/connections/{connection}", json={"status": "Unlinked"})
        assert unlinked.json()["status"] == "Unlinked"
        for path in (
            f"/companies/{other}",
            f"/companies/{other}/connections",
            f"/companies/{company}/data/bills",
            f"/companies/{company}/accessToken",
            "/companies",
            "/apiKeys",
            "/profile",
            "/webhooks",
        ):
            refused = await page.get(path)
            assert_error(refused, 403)
        assert_error(await page.delete(f"/companies/{company}"), 403)
        assert_error(await page.get(f"/companies/{company}", headers={"Origin": "https://evil.example"}), 403)
        assert_error(await page.get(f"/companies/{company}", headers={"Authorization": "Bearer x"}), 401)
    without = {"Authorization": bearer["Authorization"]}
    async with httpx2.AsyncClient(base_url=api.url, headers=without) as server:
        assert_error(await server.get(f"/companies/{company}"), 403)
    older = (await api.http.get(f"/companies/{company}/connectionManagement/accessToken")).json()
    assert set(older) == {"accessToken"}


async def test_preflight(api: Api) -> None:
    await allow(api, ORIGIN)
    asked = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization"}
    async with httpx2.AsyncClient(base_url=api.url) as page:
        path = "/companies/x/connections/y"
        good = await page.options(path, headers={**asked, "Origin": ORIGIN})
        assert good.status_code == 204
        assert good.headers["access-control-allow-origin"] == ORIGIN
        assert "PATCH" in good.headers["access-control-allow-methods"]
        assert "authorization" in good.headers["access-control-allow-headers"]
        assert "access-control-allow-credentials" not in good.headers
        bad = await page.options(path, headers={**asked, "Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in bad.headers
    await allow(api)
    again = await api.http.options("/companies", headers={**asked, "Origin": ORIGIN})
    assert "access-control-allow-origin" not in again.headers


async def test_other_answers_are_not_for_foreign_pages(api: Api) -> None:
    await allow(api, ORIGIN)
    for path in ("/companies", "/apiKeys", "/portal/sign-in"):
        answer = await api.http.get(path, headers={"Origin": ORIGIN})
        assert "access-control-allow-origin" not in answer.headers, path
