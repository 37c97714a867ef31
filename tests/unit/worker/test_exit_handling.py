"""What a supervisor writes for each end of a trainer."""

import signal
from typing import Any

import pytest

from services.attempts.work import StopRequests
from services.errors import NotReady
from services.queue.claims import Claim
from worker import exit_handling, outcome
from worker.outcome import Ended, Outcome
from worker.stop_request import StopRequest

CLAIM = Claim("job_1", 1)


class Written:
    """Stands where the rooms stand, and notes what is written."""

    def __init__(self, owned: bool = False, away: int = 0) -> None:
        self.calls: list[Any] = []
        self.owned = owned
        self.away = away

    def stop_requests(self, _claim: Claim) -> StopRequests | None:
        return StopRequests(cancel=False, pause=False) if self.owned else None

    def drained(self, _claim: Claim) -> None:
        if self.away:
            self.away -= 1
            raise NotReady
        self.calls.append("drained")

    def yielded(self, _claim: Claim) -> None:
        self.calls.append("yielded")

    def stopped(self, _claim: Claim) -> None:
        self.calls.append("stopped")

    def out_of_memory(self, claim: Claim, code: str, message: str, *, in_step: bool, **_options: Any) -> None:
        self.calls.append(code + (" in a step" if in_step else ""))

    def crashed(self, _claim: Claim, code: str, _message: str, **options: Any) -> None:
        uncharged = "" if options.get("charged", True) else " uncharged"
        self.calls.append(code + uncharged + (" final" if options.get("final") else ""))


def settled(ended: Ended, **how: Any) -> list[Any]:
    """Settle an end and return what was written."""
    written = how.pop("written", None) or Written()
    is_draining = how.pop("is_draining", lambda: False)
    exit_handling.settle(written, CLAIM, Outcome(ended, **how), is_draining)
    return written.calls


@pytest.mark.parametrize(
    ("ended", "how", "written"),
    [
        (Ended(outcome.DONE), {}, []),
        (Ended(outcome.DONE), {"written": Written(owned=True)}, ["internal"]),
        (Ended(outcome.USER_FAULT), {}, []),
        (Ended(outcome.BUG), {"written": Written(owned=True)}, ["internal"]),
        (Ended(outcome.MEMORY), {}, ["out_of_memory_host"]),
        (Ended(outcome.MEMORY), {"in_step": True}, ["out_of_memory_host in a step"]),
        (Ended(outcome.GPU_MEMORY), {"in_step": True}, ["out_of_memory_gpu in a step"]),
        (Ended(outcome.GPU_MEMORY), {}, ["out_of_memory_gpu"]),
        (Ended(outcome.FENCED), {}, []),
        (Ended(StopRequest.DRAIN.exit_code), {"request": StopRequest.DRAIN}, ["drained"]),
        (Ended(StopRequest.PAUSE.exit_code), {"request": StopRequest.PAUSE}, ["stopped"]),
        (Ended(StopRequest.CANCEL.exit_code), {"request": StopRequest.CANCEL}, ["stopped"]),
        (Ended(StopRequest.YIELD.exit_code), {"request": StopRequest.YIELD}, ["yielded"]),
        (Ended(signal=signal.SIGHUP), {"request": StopRequest.YIELD}, ["yielded"]),
        (Ended(signal=signal.SIGKILL), {"request": StopRequest.YIELD}, ["crashed"]),
        (Ended(signal=signal.SIGKILL), {}, ["crashed"]),
        (Ended(signal=signal.SIGKILL), {"memory": True}, ["out_of_memory_host"]),
        (Ended(signal=signal.SIGSEGV), {}, ["crashed"]),
        (Ended(signal=signal.SIGTERM), {"request": StopRequest.DRAIN}, ["drained"]),
        (Ended(signal=signal.SIGKILL), {"request": StopRequest.DRAIN}, ["drained"]),
        (Ended(signal=signal.SIGKILL), {"request": StopRequest.CANCEL}, ["stopped"]),
        (Ended(), {"lost": True}, ["crashed uncharged"]),
        (Ended(signal=signal.SIGKILL), {"verdict": "stalled"}, ["stalled"]),
        (Ended(StopRequest.DRAIN.exit_code), {"verdict": "time_limit"}, ["time_limit final"]),
        (Ended(StopRequest.DRAIN.exit_code), {"verdict": "fenced"}, []),
    ],
)
def test_an_end_is_written_as_what_it_was(ended: Ended, how: dict[str, Any], written: list[str]) -> None:
    assert settled(ended, **how) == written


def test_an_end_is_written_when_the_database_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exit_handling, "PAUSE_S", 0.0)

    assert settled(Ended(StopRequest.DRAIN.exit_code), request=StopRequest.DRAIN, written=Written(away=3)) == [
        "drained"
    ]


def test_a_worker_that_drains_leaves_the_end_to_the_reaper_when_the_database_stays_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exit_handling, "PAUSE_S", 0.0)
    away = Written(away=exit_handling.TRIES)

    assert (
        settled(Ended(StopRequest.DRAIN.exit_code), request=StopRequest.DRAIN, written=away, is_draining=lambda: True)
        == []
    )
    assert exit_handling.TRIES - away.away == exit_handling.DRAIN_TRIES
