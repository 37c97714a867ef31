"""A webhook reaches public addresses, and private ones only where the operator allows."""

import ipaddress

import pytest

from services.errors import SettingInvalid
from services.settings import Settings
from services.webhooks.addresses import Refused, checked, may_be_reached

PRIVATE = [
    "127.0.0.1",
    "10.0.0.8",
    "172.16.3.4",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not may_be_reached(address, ())


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:4700::6810:84e5", "64:ff9b::5db8:d70e"])
def test_a_public_address_is_reached(address: str) -> None:
    assert may_be_reached(address, ())


def test_an_allowed_network_is_reached_and_no_other() -> None:
    allowed = (ipaddress.ip_network("10.1.0.0/16"),)

    assert may_be_reached("10.1.2.3", allowed)
    assert may_be_reached("::ffff:10.1.2.3", allowed)
    assert not may_be_reached("10.2.0.1", allowed)


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "localhost"])
def test_a_host_is_judged_by_what_it_resolves_to(host: str) -> None:
    with pytest.raises(Refused):
        checked(host, 80, ())


def test_a_senseless_network_stops_the_start() -> None:
    with pytest.raises(SettingInvalid, match="BATCHYARD_WEBHOOKS_PRIVATE"):
        _ = Settings(webhooks_private="10.0.0.1/8").webhook_networks
