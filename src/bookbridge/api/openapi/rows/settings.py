"""Rows of what an installation is set to, whom it tells, and which platforms it knows."""

from __future__ import annotations

from typing import Final

from bookbridge.api import cors, health, integrations, keys, products, profile, rules, sync_settings, webhooks
from bookbridge.api.openapi.operation import Operation
from bookbridge.webhooks.consumers import ConsumerDraft
from bookbridge.webhooks.rules import RULE_PROPERTIES, Rule, RuleDraft

_CORS: Final = ("/corsSettings",)
_OLDER_CORS: Final = ("/connectionManagement/corsSettings",)

SETTINGS: Final = (
    Operation(profile.get_profile, "get-profile", profile.FullProfile),
    Operation(profile.replace_profile, "update-profile", profile.FullProfile, body=profile.FullProfile),
    Operation(sync_settings.get_client_settings, "get-profile-sync-settings", sync_settings.ClientSettings),
    Operation(
        sync_settings.set_client_settings,
        "update-profile-sync-settings",
        status=204,
        body=sync_settings.SettingsBody,
    ),
    Operation(sync_settings.get_company_settings, "get-company-sync-settings", sync_settings.CompanySettings),
    Operation(
        sync_settings.set_company_settings,
        "set-company-sync-settings",
        status=204,
        body=sync_settings.SettingsBody,
    ),
    Operation(products.get_default_products, "get-default-products", products.DefaultProducts, is_extension=True),
    Operation(
        products.set_default_products,
        "set-default-products",
        products.DefaultProducts,
        body=products.DefaultProducts,
        is_extension=True,
    ),
    Operation(cors.get_cors_settings, "get-cors-settings", cors.OriginsBody, paths=_CORS),
    Operation(
        cors.get_cors_settings,
        "get-connection-management-cors-settings",
        cors.OriginsBody,
        paths=_OLDER_CORS,
        is_deprecated=True,
    ),
    Operation(cors.set_cors_settings, "set-cors-settings", cors.OriginsBody, body=cors.OriginsBody, paths=_CORS),
    Operation(
        cors.set_cors_settings,
        "set-connection-management-cors-settings",
        cors.OriginsBody,
        body=cors.OriginsBody,
        paths=_OLDER_CORS,
        is_deprecated=True,
    ),
    Operation(keys.list_keys, "list-api-keys", keys.KeysView),
    Operation(keys.create_key, "create-api-key", keys.KeyView, status=201, body=keys.KeyBody),
    Operation(keys.delete_key, "delete-api-key", status=204, errors=(400,)),
    Operation(health.get_health, "get-health", health.Health, is_extension=True),
)

WEBHOOKS: Final = (
    Operation(webhooks.list_consumers, "list-webhook-consumers", webhooks.ConsumersView),
    Operation(
        webhooks.create_consumer,
        "create-webhook-consumer",
        webhooks.ConsumerView,
        status=201,
        body=ConsumerDraft,
    ),
    Operation(webhooks.delete_consumer, "delete-webhook-consumer", status=204),
    Operation(webhooks.rotate_zapier_key, "rotate-zapier-key", webhooks.ZapierKey, status=201),
    Operation(rules.list_rules, "list-rules", Rule, is_paged=True, query_fields=RULE_PROPERTIES, is_deprecated=True),
    Operation(rules.create_rule, "create-rule", Rule, body=RuleDraft, errors=(404,), is_deprecated=True),
    Operation(rules.get_rule, "get-rule", Rule, is_deprecated=True),
)

INTEGRATIONS: Final = (
    Operation(
        integrations.list_integrations,
        "list-integrations",
        integrations.IntegrationView,
        is_paged=True,
        query_fields=integrations.PROPERTIES,
    ),
    Operation(integrations.get_integration, "get-integration", integrations.IntegrationView),
    Operation(integrations.get_branding, "get-integrations-branding", integrations.Branding),
    Operation(
        integrations.get_picture,
        "get-integration-picture",
        bytes,
        media_type="image/svg+xml",
        is_extension=True,
    ),
)
