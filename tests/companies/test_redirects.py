from __future__ import annotations

import pytest

from bookbridge.companies.redirects import custom_parameters, resolve

RESERVED = {"companyId": "c-1", "statusCode": "200", "statusText": "a b&c", "platform": "gbol"}


@pytest.mark.parametrize(
    ("template", "custom", "expected"),
    [
        ("https://b.io/{journeyType}/success?ClientType={clientType}", {"clientType": "test"},
         "https://b.io//success?ClientType=test"),
        ("https://b.io/{journeyType}/success?ClientType={clientType}", {}, "https://b.io//success?ClientType="),
        ("https://b.io/{companyId}?s={statusCode}", {}, "https://b.io/c-1?s=200"),
        ("https://b.io/?t={statusText}", {}, "https://b.io/?t=a%20b%26c"),
        ("https://b.io/{StatusCode}", {}, "https://b.io/"),
        ("https://b.io/?s={statusCode}", {"statusCode": "999"}, "https://b.io/?s=200"),
        ("https://b.io/?x={x}", {"x": "../?&#\r\n"}, "https://b.io/?x=..%2F%3F%26%23%0D%0A"),
        ("https://{env}.b.io/x", {"env": "dev"}, "https://dev.b.io/x"),
        ("https://{env}.b.io/x", {"env": "other"}, None),
        ("https://{env}.b.io/x", {"env": "evil.com/"}, None),
        ("https://{env}/x", {"env": "dev.b.io@evil.com"}, None),
        ("https://{platform}.b.io/x", {}, None),
        ("https://dev.b.io.{env}/x", {"env": "evil.com"}, None),
        ("https://dev.b.io:{port}/x", {"port": "8443"}, None),
        ("", {}, None),
        ("javascript:alert(1)//{companyId}", {}, None),
        ("https:///x", {}, None),
        ("https://user@b.io/", {}, None),
    ],
)  # fmt: skip
def test_a_template_is_filled_in(template: str, custom: dict[str, str], expected: str | None) -> None:
    assert resolve(template, ["https://dev.b.io/anything"], RESERVED, custom) == expected


def test_only_the_applications_own_parameters_are_kept() -> None:
    query = [("otp", "x"), ("link.otp", "y"), ("openId", "true"), ("journeyType", "demo"), ("journeyType", "again")]
    assert custom_parameters(query) == {"journeyType": "demo"}


def test_parameters_are_bounded() -> None:
    many = [(f"p{number}", "v") for number in range(100)]
    assert len(custom_parameters(many)) == 20
    assert custom_parameters([("n" * 65, "v"), ("n", "v" * 501), ("", "v"), ("z", "\x00")]) == {}
