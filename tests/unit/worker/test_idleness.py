"""When a worker counts as one that does nothing although jobs wait."""

import pytest

from worker.idleness import Idleness

LOOK_S = 5.0


def first_fault(
    *, seconds: float, heard: bool, claimed: bool = False, busy: bool = False, nudges: int = 1, waited_s: float = 1e9
) -> tuple[float, str] | None:
    """Look every five seconds at the same thing; return when which fault is found first."""
    time = [0.0]
    idleness = Idleness(deaf_s=60, stuck_s=30, clock=lambda: time[0])
    while time[0] < seconds:
        time[0] += LOOK_S
        idleness.note(heard=heard, claimed=claimed, busy=busy, nudges=nudges)
        if fault := idleness.fault(lambda least: waited_s >= least):
            return time[0], fault
    return None


def test_a_worker_that_hears_nudges_and_claims_nothing_is_stuck_after_30_s() -> None:
    assert first_fault(seconds=600, heard=True) == (35.0, "stuck")


def test_a_worker_that_hears_nothing_although_nudges_wait_is_deaf_after_60_s() -> None:
    assert first_fault(seconds=600, heard=False) == (65.0, "deaf")


@pytest.mark.parametrize(
    "calm",
    [
        {"heard": True, "claimed": True},
        {"heard": True, "busy": True},
        {"heard": False, "busy": True},
        {"heard": True, "waited_s": 20},
        {"heard": False, "nudges": 0},
    ],
    ids=["it claims", "all slots are busy", "busy and hears nothing", "no job has waited long", "nothing to hear"],
)
def test_a_worker_with_a_reason_to_be_idle_is_let_alone(calm: dict[str, float]) -> None:
    assert first_fault(seconds=600, **calm) is None  # type: ignore[arg-type]
