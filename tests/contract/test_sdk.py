"""The rest of the official platform library, unchanged: settings, products, tokens, origins, custom data."""

from __future__ import annotations

from typing import Any

from tests.api.conftest import Api
from tests.api.test_sdks import in_thread, platform

ORIGINS = {"allowed_origins": ["https://app.example.com"]}
SETTING = {"data_type": "invoices", "fetch_on_first_link": True, "sync_schedule": 24, "sync_order": 1}


async def test_settings(api: Api) -> None:
    company = await api.company()

    def calls() -> tuple[Any, ...]:
        with platform(api) as sdk:
            before = sdk.settings.get_sync_settings()
            body = {"client_id": before.client_id, "settings": [SETTING], "overrides_defaults": True}
            sdk.settings.update_sync_settings(request=body)
            own = {**SETTING, "sync_schedule": 168, "sync_from_utc": "2022-10-23T00:00:00.000Z"}
            sdk.companies.set_company_sync_settings(
                request={
                    "company_id": company,
                    "request_body": {"company_id": company, "settings": [own], "overrides_defaults": True},
                }
            )
            after = sdk.settings.get_sync_settings()
            return after, sdk.companies.get_company_sync_settings(request={"company_id": company})

    after, own = await in_thread(calls)

    def invoices(found: Any) -> Any:
        return next(row for row in found.settings if getattr(row.data_type, "value", row.data_type) == "invoices")

    assert (invoices(after).sync_schedule, invoices(own).sync_schedule) == (24, 168)
    assert own.company_id == company
    assert own.overrides_defaults is True


async def test_products_tokens_and_origins(api: Api) -> None:
    company = await api.company()
    await api.linked(company)
    product = {"company_id": company, "product_identifier": "payables"}

    def calls() -> tuple[Any, ...]:
        with platform(api) as sdk:
            sdk.companies.add_product(request=product)
            sdk.companies.refresh_product_data(request=product)
            given = sdk.companies.get(request={"company_id": company}).products
            sdk.companies.remove_product(request=product)
            token = sdk.companies.get_access_token(request={"company_id": company})
            older = sdk.connection_management.get(request={"company_id": company})
            sdk.cors.set(request=ORIGINS)
            return given, token, older, sdk.cors.get()

    given, token, older, allowed = await in_thread(calls)
    assert given == ["payables"]
    assert token.expires_in == 86_400
    assert older.access_token
    assert [str(origin).rstrip("/") for origin in allowed.allowed_origins] == ORIGINS["allowed_origins"]


async def test_custom_and_supplemental_data(api: Api) -> None:
    company = await api.company()
    connection = await api.linked(company)
    custom = {"platform_key": "gbol", "custom_data_identifier": "people"}
    supplement = {"platform_key": "gbol", "data_type": "suppliers"}
    part = {"data_source": "/Contacts", "pull_data": {"mine": "Name"}}

    def calls() -> tuple[Any, ...]:
        with platform(api) as sdk:
            wanted = {"data_source": "/Contacts", "required_data": {"name": "$.Name"}, "key_by": ["$.ContactID"]}
            put = sdk.custom_data_type.configure(request={**custom, "custom_data_type_configuration": wanted})
            queued = sdk.custom_data_type.refresh(
                request={"company_id": company, "connection_id": connection, "custom_data_identifier": "people"}
            )
            sdk.supplemental_data.configure(
                request={
                    **supplement,
                    "supplemental_data_configuration": {"supplemental_data_config": {"extra": part}},
                }
            )
            return put, queued, sdk.supplemental_data.get_configuration(request=supplement)

    put, queued, kept = await in_thread(calls)
    assert put.key_by == ["$.ContactID"]
    assert queued.data_type == "custom/people"
    assert kept.supplemental_data_config["extra"].pull_data == {"mine": "Name"}
