"""Which network addresses we may call on a tenant's word.

A consumer's url is written by a tenant, and our machine sees networks that the tenant must not. So the name
is resolved here, each address is checked, and the caller connects to the checked address itself: resolving
again while connecting would let the name change its mind in between.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeAlias

IPAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

ADDRESSES_MAX: Final = 4
"""Addresses of one name that are tried; more would only spend the attempt's time."""

# The loop's own resolver threads are few; names whose servers are silent would hold them all.
RESOLVER_THREADS_MAX: Final = 64
_resolvers = ThreadPoolExecutor(RESOLVER_THREADS_MAX, thread_name_prefix="webhook-resolver")

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class AddressRefused(Exception):
    """The name cannot be resolved, or leads to an address that we do not call."""


def is_public(address: IPAddress) -> bool:
    """Whether the address, or the IPv4 address carried inside it, belongs to the public internet."""
    if isinstance(address, ipaddress.IPv6Address):
        embedded = address.ipv4_mapped or address.sixtofour
        if embedded is None and address in _NAT64:
            embedded = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if embedded is not None:
            return is_public(embedded)
        if address.teredo is not None or address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


async def resolve(host: str, port: int, *, private_allowed: bool) -> tuple[str, ...]:
    """The addresses to connect to, best first, at most ADDRESSES_MAX.

    Raises AddressRefused. A name with even one address that is not public is refused as a whole: an honest
    receiver has no such mixture.
    """
    try:
        found = await asyncio.get_running_loop().run_in_executor(
            _resolvers, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
    except (OSError, UnicodeError) as error:
        raise AddressRefused("the host name cannot be resolved") from error
    addresses = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not addresses:
        raise AddressRefused("the host name cannot be resolved")
    if not private_allowed:
        for address in addresses:
            if not is_public(ipaddress.ip_address(address)):
                raise AddressRefused("the host name leads to a private address")
    return addresses[:ADDRESSES_MAX]
