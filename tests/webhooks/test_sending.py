"""To which addresses we connect, and whom we believe there."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bookbridge.webhooks.addresses import AddressRefused, is_public, resolve
from bookbridge.webhooks.sending import Outcome, Sender
from tests.webhooks.conftest import Receiver, ServeReceiver

NAME = "receiver.example"
TLS = ssl.create_default_context()


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "2002:7f00:1::",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::a00:1",
        "2001:db8::1",
        "2001:0:53aa:64c::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_not_the_public_internet(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1"]
)
def test_the_public_internet(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "2130706433", "0x7f.1", "::1", "0"])
async def test_no_spelling_of_this_machine_is_called(host: str) -> None:
    with pytest.raises(AddressRefused):
        await resolve(host, 80, private_allowed=False)


async def test_private_addresses_with_the_permission() -> None:
    assert "127.0.0.1" in await resolve("localhost", 80, private_allowed=True)


async def test_a_name_that_is_none() -> None:
    for host in ("no-such-host.invalid", "a" * 64 + ".example", "a..b"):
        with pytest.raises(AddressRefused):
            await resolve(host, 80, private_allowed=True)


async def test_a_refused_address_is_a_failed_attempt(receiver: Receiver) -> None:
    async with Sender(receiver.url, tls=TLS, private_addresses_allowed=False) as sender:
        outcome = await sender.post(b"{}", {})
    assert outcome.error == "Not sent: the host name leads to a private address."
    assert outcome.status_code is None
    assert receiver.requests == []


async def post_by_name(url: str, tls: ssl.SSLContext, *addresses: str) -> Outcome:
    async def resolver(host: str, port: int) -> tuple[str, ...]:
        assert host == NAME
        return addresses

    async with Sender(
        url.replace("127.0.0.1", NAME), tls=tls, private_addresses_allowed=True, resolver=resolver
    ) as sender:
        return await sender.post(b"{}", {})


async def test_the_name_travels_while_the_address_is_called(receiver: Receiver) -> None:
    outcome = await post_by_name(receiver.url, TLS, "127.0.0.1")
    assert outcome == Outcome(200, None, outcome.duration_ms)
    assert receiver.requests[0].headers["host"].startswith(f"{NAME}:")


async def test_the_next_address_is_tried_when_the_first_is_unreachable(receiver: Receiver) -> None:
    # Nothing listens on ::1 at the receiver's port.
    outcome = await post_by_name(receiver.url, TLS, "::1", "127.0.0.1")
    assert outcome.successful
    assert len(receiver.requests) == 1


async def test_proxies_of_the_environment_are_not_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, free_port: int
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port}")
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{free_port}")
    assert (await post_by_name(receiver.url, TLS, "127.0.0.1")).successful


@pytest.mark.parametrize(("certified", "successful"), [(NAME, True), ("other.example", False)])
async def test_the_certificate_must_be_the_names(
    serve: ServeReceiver, tmp_path: Path, certified: str, successful: bool
) -> None:
    certificate, key = self_signed(certified, tmp_path)
    receiver = await serve(ssl_certfile=str(certificate), ssl_keyfile=str(key))
    tls = ssl.create_default_context(cafile=str(certificate))
    assert (await post_by_name(receiver.url, tls, "127.0.0.1")).successful is successful
    assert len(receiver.requests) == successful


def self_signed(name: str, folder: Path) -> tuple[Path, Path]:
    """Paths of a certificate for the name, and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_path, key_path = folder / "certificate.pem", folder / "key.pem"
    certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate_path, key_path


async def test_a_huge_or_endless_answer_costs_little(receiver: Receiver) -> None:
    receiver.body = b"x" * 10_000_000
    outcome = await post_by_name(receiver.url, TLS, "127.0.0.1")
    assert outcome.successful
    assert outcome.duration_ms < 5_000
