"""How many wrong keys an address may try."""

from services.accounts.wrong_keys import ADDRESSES, WrongKeys


def test_each_address_has_tries_of_its_own() -> None:
    counted = WrongKeys(2)

    assert [counted.wait_s("192.0.2.1") > 0 for _ in range(4)] == [False, False, True, True]
    assert counted.wait_s("192.0.2.2") == 0


def test_the_addresses_of_one_ipv6_network_share_theirs() -> None:
    counted = WrongKeys(1)

    assert counted.wait_s("2001:db8:0:1::5") == 0
    assert counted.wait_s("2001:db8:0:1:ffff::9") > 0
    assert counted.wait_s("2001:db8:0:2::5") == 0


def test_a_crowd_of_addresses_takes_bounded_room() -> None:
    counted = WrongKeys(1)
    for n in range(3 * ADDRESSES):
        counted.wait_s(f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}")

    assert len(counted.tries) == ADDRESSES
