"""Access tokens: whose they are, how long they live, and that nobody else makes them."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from bookbridge.companies import origins, vault
from bookbridge.companies.access_tokens import AUDIENCE, LIFETIME_S, AccessTokens
from bookbridge.companies.errors import ValidationProblem
from bookbridge.companies.vault import Vault

NOW_S = 1_780_000_000.0


@pytest.fixture
def opened(tmp_path: Path) -> Vault:
    return vault.open_vault(tmp_path)


def test_good_for_a_day_and_one_company(opened: Vault) -> None:
    company = uuid4()
    token = AccessTokens(opened, lambda: NOW_S).issue(company)
    assert AccessTokens(opened, lambda: NOW_S + LIFETIME_S - 1).company_of(token) == company
    assert AccessTokens(opened, lambda: NOW_S + LIFETIME_S).company_of(token) is None
    assert AccessTokens(opened, lambda: NOW_S - 3_600).company_of(token) is None, "not from the future"


def test_a_token_outlives_a_rotation_of_keys(opened: Vault, tmp_path: Path) -> None:
    company = uuid4()
    token = AccessTokens(opened).issue(company)
    vault.add_key(tmp_path / vault.KEYS_FILE)
    assert AccessTokens(vault.open_vault(tmp_path)).company_of(token) == company


def test_forged_tokens(opened: Vault, tmp_path: Path) -> None:
    tokens = AccessTokens(opened, lambda: NOW_S)
    good = tokens.issue(uuid4())
    claims = {"sub": str(uuid4()), "aud": AUDIENCE, "iat": int(NOW_S), "exp": int(NOW_S) + 60}
    other = OctKey.import_key(b"k" * 32)
    key = OctKey.import_key(opened.derive("company access tokens")[0])
    head, body, mac = good.split(".")
    for wrong in (
        "",
        "a.b.c",
        good[:-3],
        f"{head}.{body[:-2]}.{mac}",
        f"{head}.{body}.",
        "eyJhbGciOiJub25lIn0." + body + ".",
        jwt.encode({"alg": "HS256"}, claims, other),
        jwt.encode({"alg": "HS256"}, {**claims, "aud": "else"}, key),
        "x" * 5_000,
    ):
        assert tokens.company_of(wrong) is None, wrong


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://App.Example.com", "https://app.example.com"),
        ("https://app.example.com/", "https://app.example.com"),
        ("https://app.example.com:443", "https://app.example.com"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
    ],
)
def test_origins(given: str, kept: str) -> None:
    assert origins.checked(given) == kept


@pytest.mark.parametrize(
    "given",
    ["", "*", "https://*.example.com", "app.example.com", "https://a.b/path", "https://u@a.b", "ftp://a.b", "null",
     "https://a.b?x", "https://a.b:x", "https://", "https://a.b\x00"],
)  # fmt: skip
def test_what_is_no_origin(given: str) -> None:
    with pytest.raises(ValidationProblem):
        origins.checked(given)
