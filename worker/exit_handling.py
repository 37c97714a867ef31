"""What a supervisor writes when a trainer has ended: the one table from exit code to state."""

import signal
import time
from collections.abc import Callable
from dataclasses import replace

import structlog

from services.attempts.crash import Crash
from services.errors import NotReady, StorageFull
from services.queue.claims import Claim
from worker.outcome import FENCED, GPU_MEMORY, MEMORY, USER_FAULT, Outcome
from worker.stop_request import BY_SIGNAL, StopRequest
from worker.work_kind import AttemptEnds

log = structlog.get_logger()

TRIES, PAUSE_S = 60, 1.0  #: a database that is away longer leaves the job to the reaper
DRAIN_TRIES = 3  #: a worker that is to end waits no longer for a database
VERDICTS = {
    "stalled": "The trainer made no step for too long and was killed.",
    "time_limit": "The job ran longer than the operator allows.",
}
GPU_MEMORY_GONE = Crash(
    "out_of_memory_gpu",
    "The GPU ran out of memory.",
    "Use a smaller batch_size or model, or train on the CPU: device cpu.",
)
MEMORY_GONE = Crash(
    "out_of_memory_host",
    "The trainer ran out of memory.",
    "Use a smaller batch_size or model, or give the worker more memory (BATCHYARD_WORKER_MEMORY in compose).",
)


def settle(
    lifecycle: AttemptEnds, claim: Claim, outcome: Outcome, is_draining: Callable[[], bool] = lambda: False
) -> None:
    """Write a trainer's end, trying again while the database is away; only a few times once the worker drains."""
    for tried in range(1, TRIES + 1):
        try:
            _write(lifecycle, claim, outcome)
        except (NotReady, StorageFull):
            if tried >= DRAIN_TRIES and is_draining():
                break
            time.sleep(PAUSE_S)
        else:
            return
    log.warning("the end of a trainer could not be written; the reaper will find the job", job=claim.job_id)


def _write(lifecycle: AttemptEnds, claim: Claim, outcome: Outcome) -> None:
    ended, verdict, tail = outcome.ended, outcome.verdict, outcome.log_tail
    answered = _answered(outcome)
    if verdict == "fenced" or ended.code == FENCED:
        return
    if verdict:
        crash = Crash(verdict, VERDICTS[verdict], log_tail=tail)
        lifecycle.crashed(claim, crash, final=verdict == "time_limit")
    elif outcome.lost:
        message = "The process from which trainers are forked has ended."
        lifecycle.crashed(claim, Crash("crashed", message, log_tail=tail), charged=False)
    elif answered is StopRequest.DRAIN:
        lifecycle.drained(claim)
    elif answered is StopRequest.YIELD:
        lifecycle.yielded(claim)
    elif answered is not None:
        lifecycle.stopped(claim)
    elif ended.code == MEMORY or (ended.signal == signal.SIGKILL and outcome.memory):
        lifecycle.out_of_memory(claim, replace(MEMORY_GONE, log_tail=tail), in_step=outcome.in_step)
    elif ended.code == GPU_MEMORY:
        lifecycle.out_of_memory(claim, replace(GPU_MEMORY_GONE, log_tail=tail), in_step=outcome.in_step)
    elif ended.signal:
        name = signal.Signals(ended.signal).name
        lifecycle.crashed(claim, Crash("crashed", f"The trainer was killed by {name}.", log_tail=tail))
    elif ended.code == USER_FAULT or lifecycle.stop_requests(claim) is None:
        return  # the trainer wrote the final row
    else:
        end = f"The trainer ended with code {ended.code}"
        message = f"{end}: a bug in Batchyard, or in a plug-in that ends its process."
        lifecycle.crashed(claim, Crash("internal", message, log_tail=tail))


def _answered(outcome: Outcome) -> StopRequest | None:
    """Return the stop request that this end is the answer to."""
    ended, request = outcome.ended, outcome.request
    if ended.signal and request:
        if asked := BY_SIGNAL.get(signal.Signals(ended.signal)):
            return asked  # it was asked before it could listen
        if ended.signal == signal.SIGKILL and request is not StopRequest.YIELD and not outcome.memory:
            return request  # it did not answer within the grace, and we ended it: no fault of the job
    return next((request for request in StopRequest if request.exit_code == ended.code), None)
