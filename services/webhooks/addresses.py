"""Which addresses a webhook may go to: public ones, and the private networks that the operator allows."""

import ipaddress
import socket
from collections.abc import Sequence

from services.settings import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: Where a network translates addresses, the last four bytes are an IPv4 address. Source: RFC 6052, 2.1; RFC 8215
NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))


class Refused(Exception):
    """The address is private."""


class Unknown(Exception):
    """The name has no address."""


def checked(host: str, port: int, allowed: Sequence[Network]) -> list[str]:
    """Return the addresses of a host, each of which may be connected to.

    One private address among public ones refuses the host: its name would choose which is met.
    Raises: Unknown; Refused naming the address.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError) as error:
        raise Unknown(f"{host} has no address") from error
    names = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for name in names:
        if not may_be_reached(name, allowed):
            raise Refused(f"{host} is {name}, which is not a public address")
    return names


def may_be_reached(name: str, allowed: Sequence[Network]) -> bool:
    """Return whether an address is public, or in an allowed network; so must be one that is wrapped in it."""
    address = ipaddress.ip_address(name)
    every = [address, *_wrapped(address)]
    if any(address in network for address in every for network in allowed):
        return True
    return all(one.is_global and not one.is_multicast for one in every)


def _wrapped(address: Address) -> list[Address]:
    """Return the IPv4 addresses that an IPv6 address stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if any(address in network for network in NAT64) or int(address) >> 32 == 0:
        inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [one for one in inner if one is not None]
