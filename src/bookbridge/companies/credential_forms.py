"""What a customer typed into a vendor's credentials form, checked against the form. Stores and sends nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bookbridge.companies.errors import ValidationProblem
from bookbridge.connectors.kit.auth import CredentialForm, FormField
from bookbridge.connectors.kit.connector import Connector

FORM_FIELDS_MAX: Final = 30
FORM_VALUE_LENGTH_MAX: Final = 8_000


def checked_form(vendor: Connector, values: Mapping[str, str]) -> dict[str, str]:
    """The form's values, every field of it that was filled in and no other. Raises ValidationProblem."""
    if not isinstance(vendor.auth, CredentialForm):
        raise ValidationProblem("This platform is not linked with credentials.")
    if len(values) > FORM_FIELDS_MAX:
        raise ValidationProblem("There are too many fields.")
    found = {field.name: _checked(field, values.get(field.name, "").strip()) for field in vendor.auth.fields}
    return {name: value for name, value in found.items() if value}


def _checked(field: FormField, value: str) -> str:
    if not value and not field.optional:
        raise ValidationProblem(f"{field.label} is missing.", field.name)
    is_usable = len(value) <= FORM_VALUE_LENGTH_MAX and "\x00" not in value
    if not is_usable or (value and field.choices and value not in field.choices):
        raise ValidationProblem(f"{field.label} is not usable.", field.name)
    return value
