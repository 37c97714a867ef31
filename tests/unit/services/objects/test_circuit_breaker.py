"""A bucket that hangs is waited for a few times, then asked now and then."""

import socket
from collections.abc import Iterator

import pytest

from services.errors import NotReady
from services.objects.address import Address
from services.objects.circuit_breaker import LATE_S, MOST, PAUSE_S, CircuitBreaker
from services.objects.store import ObjectStore


class Clock:
    """A time that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A time that a test moves."""
    return Clock()


def failed(breaker: CircuitBreaker, clock: Clock, times: int, after_s: float = LATE_S) -> None:
    """Let it ask so many times, each without an answer for so long."""
    for _ in range(times):
        assert breaker.may_ask()
        began = clock.now
        clock.now += after_s
        breaker.failed(began)


def test_after_some_late_failures_in_a_row_one_request_a_pause_finds_out(clock: Clock) -> None:
    breaker = CircuitBreaker(clock=clock)

    failed(breaker, clock, MOST)

    assert not breaker.may_ask()
    clock.now += PAUSE_S
    assert [breaker.may_ask(), breaker.may_ask()] == [True, False]
    breaker.answered()
    failed(breaker, clock, MOST - 1)
    assert breaker.may_ask()


def test_what_fails_at_once_may_be_asked_at_once(clock: Clock) -> None:
    breaker = CircuitBreaker(clock=clock)

    failed(breaker, clock, 10 * MOST, after_s=LATE_S / 2)

    assert breaker.may_ask()


@pytest.fixture
def silent() -> Iterator[str]:
    """The URL of what accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_request_to_a_bucket_that_hangs_soon_fails_at_once(silent: str) -> None:
    store = ObjectStore(Address("s", "", silent, "us-east-1", "a", "b"), timeout_s=0.2, late_s=0.1)
    for _ in range(MOST):
        with pytest.raises(NotReady, match="does not answer"):
            store.size_of("x")

    for ask in (lambda: store.get("x"), lambda: store.put("x", b""), store.check, lambda: store.size_of("x")):
        with pytest.raises(NotReady, match="asked again in at most 5 s"):
            ask()
