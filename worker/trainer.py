"""The process that trains one job and then ends. Its supervisor claims, beats and reads the stop requests for it."""

import gc
import json
import math
import os
import resource
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any, NoReturn

from services.attempts.recorder import Recorder
from services.costs import EpochCosts
from services.disk import Disk
from services.errors import BatchyardError
from services.faultpoint import faultpoint
from services.processes import die_with_parent, give_way
from services.settings import Settings
from services.states import StopReason
from services.training.build import settle_process
from services.training.loop.training import Training
from services.training_errors import Fenced, NonfiniteCost, RankLost, StopRequested, TrainingFailed, TrainingFault
from services.wiring import trainer as wiring
from services.wiring.look_inside import look_inside
from worker import outcome
from worker.certain_errors import is_certain
from worker.memory_exit import memory_exit
from worker.ranks import Ranks
from worker.stop_request import BY_SIGNAL, StopRequest

REPORT_S = 0.25  #: the supervisor hears of progress so often
OOM_SCORE = "500"  #: when memory is short, the kernel takes a trainer before anything else of ours
ENDED = {"fail", "rollback"}  #: what a cost that is not finite ends the epochs of
MAX_LISTED = 500  #: characters of an error that nobody foresaw
ROLLBACKS = 3  #: so often a job goes back, then it fails


class Watch:
    """What the loop looks at between two batches: the flag that signals set, and when to report progress."""

    def __init__(self, progress: int) -> None:
        self.channel = socket.socket(fileno=progress)
        self.channel.setblocking(False)
        self.asked: StopRequest | None = None  #: the last stop request that was heard
        self.steps_done: Callable[[], int] = lambda: 0  #: optimizer steps; rows are measured between them
        self.epoch = 0
        self.reported = 0.0
        self.latest: dict[str, Any] = {}
        for number in BY_SIGNAL:
            signal.signal(number, self._hear)

    def __call__(self) -> str | None:
        """Return the stop request, if one was heard that does not wait for the end of the epoch."""
        time_now = time.monotonic()
        if time_now - self.reported >= REPORT_S:
            self.reported = time_now
            self.report("training")
        return None if self.asked is StopRequest.YIELD else self.asked

    def report(self, phase: str) -> None:
        """Tell the supervisor how far the training is; nothing waits for it."""
        message = {"phase": phase, "epoch": self.epoch, "step": self.steps_done(), **self.latest}
        try:
            self.channel.send(json.dumps(message).encode())
        except OSError:  # the supervisor has not read the last one yet, or is gone
            return

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        self.asked = BY_SIGNAL[signal.Signals(number)]
        faultpoint("trainer.asked")


@dataclass(frozen=True)
class Inherited:
    """What a trainer has of the process that it is forked from."""

    log: int  #: where it writes what it says
    progress: int  #: where it tells the supervisor how far it is
    memory_bytes: int  #: that it may take; 0: no limit
    parent: int


def enter(work: Callable[[Watch], int], inherited: Inherited) -> NoReturn:
    """Do the work of a claim in a freshly forked process, end with the code that it gives, and never return."""
    code = outcome.BUG
    try:
        die_with_parent(inherited.parent)
        _settle_in(inherited.log, inherited.progress, inherited.memory_bytes or None)
        code = work(Watch(3))
        faultpoint("trainer.ends")
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        sys.stdout.flush()
        os._exit(code)


def run(job_id: str, attempt: int, settings: Settings, watch: Watch) -> int:
    """Train a claimed job; record its epochs and how it ended. Return the exit code for the supervisor."""
    recorder = None
    try:
        watch.report("loading data")
        disk = Disk(settings)
        awaited = {True: "waiting for disk space", False: away(settings)}

        def waiting() -> None:
            watch.report(awaited[disk.is_full])

        claimed = wiring.claimed(settings, job_id, attempt, waiting)
        with Ranks(settings, claimed) as ranks:
            job = wiring.joined(settings, claimed, watch, waiting, ranks.group)
            recorder = job.recorder
            recorder.started(job.training.environment())
            faultpoint("trainer.started")
            ranks.join()
            reason = None
            while reason is None:
                try:
                    reason = train(job, watch)
                except NonfiniteCost as fault:
                    job = _gone_back(job, fault, watch, settings)
        faultpoint("trainer.trained")
        recorder.succeed(reason)
        _look_inside(job, watch, settings)
    except Fenced:
        return outcome.FENCED  # another attempt owns the row: write nothing
    except RankLost:
        traceback.print_exc()
        return outcome.RANK_LOST
    except StopRequested as stop:
        if recorder is None:
            return StopRequest(stop.detail).exit_code
        watch.report("saving")
        return _stopped(job, StopRequest(stop.detail))
    except TrainingFault as fault:
        wiring.fail(settings, job_id, attempt, recorder, fault)
        return outcome.USER_FAULT
    except (ArithmeticError, LookupError, MemoryError, RuntimeError, TypeError, ValueError) as error:
        return _broken(error, settings, job_id, attempt, recorder)
    return outcome.DONE


def train(job: wiring.Job, watch: Watch) -> StopReason:
    """Train until the epochs are done, patience or the time runs out; return which.

    Raises: NonfiniteCost; StopRequested; Fenced.
    """
    training, spec = job.training, job.work.spec
    watch.epoch, watch.steps_done = training.progress.epochs_done + 1, lambda: training.steps_done
    if reason := _stop_reason(training):
        return reason  # it was stopped once more while its test rows were measured
    goes_back = spec.on_nonfinite == "rollback"
    if goes_back:
        training.mark()
    for costs in training.fit():
        if spec.on_nonfinite in ENDED and not math.isfinite(costs.train_cost):
            raise _diverged(costs, training.steps_per_epoch, costs.lr)
        if training.patience:  # before the flush, so that who goes on from it waits as long
            training.patience.is_over(costs)
        if spec.calibrate:
            training.calibrate()
        job.recorder.epoch(costs, improved=training.best.improved(costs))
        faultpoint("trainer.epoch")
        if goes_back:
            training.mark()
        watch.epoch, watch.latest = costs.epoch + 1, {"train_cost": costs.train_cost, "val_cost": costs.val_cost}
        if reason := _stop_reason(training):
            return reason
        if watch.asked is StopRequest.YIELD and training.progress.epochs_done < spec.epochs:
            raise StopRequested(StopRequest.YIELD)
    return StopReason.COMPLETED


def _gone_back(job: wiring.Job, fault: NonfiniteCost, watch: Watch, settings: Settings) -> wiring.Job:
    """Return the job where it goes on after a cost that was not finite.

    Raises: NonfiniteCost, the same, where it does not, or not any more; Fenced.
    """
    if job.work.spec.on_nonfinite != "rollback" or job.training.progress.rollbacks == ROLLBACKS:
        raise fault
    job = wiring.gone_back(settings, job, watch, fault.detail)
    job.recorder.rolled_back(fault)
    return job


def _broken(error: Exception, settings: Settings, job_id: str, attempt: int, recorder: Recorder | None) -> int:
    """Say what broke the training, and fail the job where another attempt would break alike; return the exit code."""
    traceback.print_exc()
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and not is_certain(error)):
        return memory_exit(error)
    # The same arithmetic on the same rows ends alike: attempts are for what may go otherwise.
    detail = f"The training can't continue: {type(error).__name__}: {error}"[:MAX_LISTED]
    wiring.fail(settings, job_id, attempt, recorder, TrainingFailed(detail, retryable=False))
    return outcome.USER_FAULT


def _look_inside(job: wiring.Job, watch: Watch, settings: Settings) -> None:
    """Evaluate the model. The job has ended and is recorded: whatever goes wrong here is for the log alone."""
    try:
        look_inside(settings, job, lambda: watch.asked is not None)
    except (ArithmeticError, BatchyardError, LookupError, MemoryError, RuntimeError, TypeError, ValueError):
        traceback.print_exc()


def _stop_reason(training: Training) -> StopReason | None:
    spec, progress = training.spec, training.progress
    if training.patience and training.patience.over:
        return StopReason.EARLY_STOPPING
    if spec.max_time_seconds and progress.seconds >= spec.max_time_seconds and progress.epochs_done < spec.epochs:
        return StopReason.MAX_TIME
    return None


def _stopped(job: wiring.Job, request: StopRequest) -> int:
    try:
        if request is not StopRequest.YIELD and job.work.spec.on_nonfinite == "rollback":
            return request.exit_code  # goes on after a whole epoch, to which the way back leads
        job.recorder.interrupted()
    except Fenced:
        return outcome.FENCED
    return request.exit_code


def _diverged(costs: EpochCosts, steps_per_epoch: int, lr: float) -> BatchyardError:
    first = costs.steps - steps_per_epoch + 1
    batches = costs.finite_batches()
    step = first + batches if batches is not None else costs.steps
    became = "NaN" if math.isnan(costs.train_cost) else "infinite"
    return NonfiniteCost(
        f"The training cost became {became} in epoch {costs.epoch}, step {step}.",
        epoch=costs.epoch,
        step=step,
        pointer="#/optimizer/lr",
        hint=f"Lower optimizer.lr (now {lr}), or scale the data (data.scale, data.target_scale).",
        retryable=False,
    )


def _settle_in(log: int, progress: int, memory_bytes: int | None) -> None:
    """Take the log and the progress channel, close all that was inherited, and set this process's own limits."""
    os.setpgid(0, 0)
    give_way()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    log, progress = os.dup(log), os.dup(progress)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.dup2(progress, 3)
    # An inherited socket kept open here would keep its other end from ever hearing that we are gone.
    os.closerange(4, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    if memory_bytes:
        # Not RLIMIT_AS, which would refuse memory-mapped data.
        resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write(OOM_SCORE)
    except OSError:
        pass  # a container without the right to say so
    settle_process()
    gc.enable()


def away(settings: Settings) -> str:
    """Return the phase of who waits for what is not on this host."""
    return "waiting for the database or S3" if settings.storage_url else "waiting for the database"
