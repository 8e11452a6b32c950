"""Rows of companies, their connections and what foreign pages may do with them."""

from __future__ import annotations

from typing import Final

from bookbridge.api import access_tokens, companies, connections, products
from bookbridge.api.openapi.operation import Operation, Parameter
from bookbridge.companies.companies import COMPANY_PROPERTIES
from bookbridge.companies.connections import CONNECTION_PROPERTIES
from bookbridge.companies.views import CompanyView, ConnectionView

TAGS: Final = Parameter("tags", "A condition over tags, in the form of `query`: `region=uk`.")

COMPANIES: Final = (
    Operation(
        companies.list_companies,
        "list-companies",
        CompanyView,
        is_paged=True,
        query_fields=COMPANY_PROPERTIES,
        parameters=(TAGS,),
    ),
    Operation(companies.create_company, "create-company", CompanyView, body=companies.CompanyBody),
    Operation(companies.get_company, "get-company", CompanyView),
    Operation(companies.replace_company, "replace-company", CompanyView, body=companies.CompanyBody),
    Operation(
        companies.replace_company_named_in_body,
        "replace-company-named-in-body",
        CompanyView,
        body=companies.CompanyBody,
        errors=(404,),
        is_deprecated=True,
    ),
    Operation(companies.change_company, "update-company", CompanyView, body=companies.CompanyBody),
    Operation(companies.delete_company, "delete-company", status=204),
    Operation(products.add_product, "add-product", status=204),
    Operation(products.remove_product, "remove-product", status=204),
    Operation(
        products.refresh_product,
        "refresh-product-data",
        status=202,
        body=products.RefreshBody,
        is_body_required=False,
        errors=(400,),
    ),
    Operation(access_tokens.get_access_token, "get-company-access-token", access_tokens.TokenView),
    Operation(
        access_tokens.get_older_access_token,
        "get-connection-management-access-token",
        access_tokens.OlderTokenView,
    ),
)

CONNECTIONS: Final = (
    Operation(
        connections.list_connections,
        "list-connections",
        ConnectionView,
        is_paged=True,
        query_fields=CONNECTION_PROPERTIES,
    ),
    Operation(connections.create_connection, "create-connection", ConnectionView, body=connections.ConnectionBody),
    Operation(connections.get_connection, "get-connection", ConnectionView),
    Operation(connections.change_connection, "unlink-connection", ConnectionView, body=connections.StatusBody),
    Operation(connections.delete_connection, "delete-connection"),
    Operation(
        connections.authorise_connection,
        "update-connection-authorization",
        ConnectionView,
        body=dict[str, str],
        errors=(424, 429),
    ),
)
