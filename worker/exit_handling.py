"""What a supervisor writes when a trainer has ended: the one table from exit code to state."""

import signal
import time
from collections.abc import Callable

import structlog

from services.attempts.lifecycle import Lifecycle
from services.errors import NotReady, StorageFull
from services.queue.claims import Claim
from worker import outcome
from worker.outcome import Ended

log = structlog.get_logger()

TRIES, PAUSE_S = 60, 1.0  #: a database that is away longer leaves the job to the reaper
DRAIN_TRIES = 3  #: a worker that is to end waits no longer for a database
VERDICTS = {
    "stalled": "The trainer made no step for too long and was ended.",
    "time_limit": "The job ran longer than the operator allows.",
}
OF_SIGNAL = {
    signal.SIGTERM: outcome.DRAINED,
    signal.SIGUSR1: outcome.PAUSED,
    signal.SIGUSR2: outcome.CANCELLED,
    signal.SIGHUP: outcome.YIELDED,
}
GRACED = {"drain", "pause", "cancel"}  #: wishes that a trainer has to answer in time
GPU_HINT = "Use a smaller batch_size or model, or train on the CPU: device cpu."
MEMORY_HINT = "Use a smaller batch_size or model, or give the worker more memory (BATCHYARD_WORKER_MEMORY in compose)."


def settle(
    lifecycle: Lifecycle,
    claim: Claim,
    ended: Ended,
    verdict: str | None,
    wish: str | None,
    log_tail: list[str],
    *,
    memory: bool,
    lost: bool,
    in_step: bool,
    is_draining: Callable[[], bool] = lambda: False,
) -> None:
    """Write a trainer's end, trying again while the database is away; only a few times once the worker drains."""
    for tried in range(1, TRIES + 1):
        try:
            _write(lifecycle, claim, ended, verdict, wish, log_tail, memory=memory, lost=lost, in_step=in_step)
        except (NotReady, StorageFull):
            if tried >= DRAIN_TRIES and is_draining():
                break
            time.sleep(PAUSE_S)
        else:
            return
    log.warning("the end of a trainer could not be written; the reaper will find the job", job=claim.job_id)


def _write(
    lifecycle: Lifecycle,
    claim: Claim,
    ended: Ended,
    verdict: str | None,
    wish: str | None,
    log_tail: list[str],
    *,
    memory: bool,
    lost: bool,
    in_step: bool,
) -> None:
    code = ended.code
    if wish and ended.signal and ended.signal in OF_SIGNAL:
        code = OF_SIGNAL[signal.Signals(ended.signal)]  # it was asked before it could listen
    if verdict == "fenced" or code == outcome.FENCED:
        return
    if verdict:
        lifecycle.crashed(claim, verdict, VERDICTS[verdict], log_tail=log_tail, final=verdict == "time_limit")
    elif lost:
        message = "The process that trainers are forked from ended."
        lifecycle.crashed(claim, "crashed", message, log_tail=log_tail, charged=False)
    elif code == outcome.DRAINED:
        lifecycle.drained(claim)
    elif code == outcome.YIELDED:
        lifecycle.yielded(claim)
    elif code in {outcome.PAUSED, outcome.CANCELLED}:
        lifecycle.stopped(claim)
    elif wish in GRACED and ended.signal == signal.SIGKILL and not memory:
        # It did not answer within the grace, and we ended it: no fault of the job.
        lifecycle.drained(claim) if wish == "drain" else lifecycle.stopped(claim)
    elif code == outcome.MEMORY or (ended.signal == signal.SIGKILL and memory):
        message = "The trainer ran out of memory."
        lifecycle.out_of_memory(
            claim, "out_of_memory_host", message, hint=MEMORY_HINT, log_tail=log_tail, in_step=in_step
        )
    elif code == outcome.GPU_MEMORY:
        message = "The GPU ran out of memory."
        lifecycle.out_of_memory(claim, "out_of_memory_gpu", message, hint=GPU_HINT, log_tail=log_tail, in_step=in_step)
    elif ended.signal:
        name = signal.Signals(ended.signal).name
        lifecycle.crashed(claim, "crashed", f"The trainer was killed by {name}.", log_tail=log_tail)
    elif code == outcome.USER_FAULT or lifecycle.wishes(claim) is None:
        return  # the trainer wrote the final row
    else:
        message = f"The trainer ended with code {code}: this is a bug, of ours or of a plug-in that ends its process."
        lifecycle.crashed(claim, "internal", message, log_tail=log_tail)
