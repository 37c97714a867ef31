"""When jobs will start and end: the queue played forward on so many slots, by the rules that workers go by.

Fair share between owners, then priority, then who has trained least, then age. Pure arithmetic: no time is read and no
row. That jobs come in meanwhile is left out, and that to yield a job waits for the end of its epoch.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.queue import order
from services.queue.time_slice import LONGER, level


@dataclass(frozen=True)
class Task:
    """A job that is running, or waits. Those of an owner are given oldest first; times are seconds from now."""

    job_id: str
    owner: str
    seconds: float  #: how long it will still train; inf: not known
    priority: int = 0
    trained: float = 0.0  #: how long it has trained
    ready: float = 0.0  #: before this it may not start


@dataclass(frozen=True)
class Times:
    """When a job starts and ends, in seconds from now; inf: not known."""

    start: float
    end: float


@dataclass
class _Played:
    """A job while the queue is played; `age` is its place among all."""

    task: Task
    age: int
    left: float
    trained: float
    start: float = math.inf
    end: float = math.inf


def forecast(
    slots: int,
    running: Sequence[Task],
    waiting: Sequence[Task],
    last_claims: Mapping[str, int],
    short_job_s: float = 0.0,
) -> dict[str, Times]:
    """Return the times of every job. `last_claims` are the numbers of the owners' last claims, `short_job_s` as in the settings."""
    jobs = [_Played(task, age, task.seconds, task.trained) for age, task in enumerate([*running, *waiting])]
    play = _Play(slots, jobs[: len(running)], jobs[len(running) :], dict(last_claims), short_job_s)
    play.to_the_end()
    return {job.task.job_id: Times(job.start, job.end) for job in jobs}


class _Play:
    def __init__(
        self, slots: int, running: list[_Played], waiting: list[_Played], turns: dict[str, int], short_job_s: float
    ) -> None:
        self.slots = slots
        self.running = running
        self.waiting = waiting
        self.turns = turns
        self.short_job_s = short_job_s
        self.time = 0.0
        for job in running:
            job.start = 0.0

    def to_the_end(self) -> None:
        while self.running or self.waiting:
            self._claim()
            self._yield()
            step = self._pause()
            if math.isinf(step):
                return  # nothing more is known
            self.time += step
            for job in self.running:
                job.left, job.trained = job.left - step, job.trained + step
                if job.left <= 1e-9:
                    job.end = self.time
            self.running = [job for job in self.running if math.isinf(job.end)]

    def _claim(self) -> None:
        while len(self.running) < self.slots and (job := self._next(self.waiting, self.running)):
            self._serve(job)

    def _yield(self) -> None:
        """Let each job that is too long for the moment go back, if its place would go to a shorter one."""
        for job in sorted(self.running, key=lambda job: -job.trained):
            others = [other for other in self.running if other is not job]
            ahead = self._next([*self.waiting, job], others)
            if ahead is not None and self._level(ahead) < self._level(job):
                self.running = others
                self.waiting.append(job)
                self._serve(ahead)

    def _serve(self, job: _Played) -> None:
        self.waiting.remove(job)
        self.running.append(job)
        job.start = min(job.start, self.time)
        self.turns[job.task.owner] = max(self.turns.values(), default=0) + 1

    def _next(self, waiting: list[_Played], running: list[_Played]) -> _Played | None:
        """Return the job that a worker would claim."""
        busy = Counter(job.task.owner for job in running)

        def place(job: _Played) -> tuple[int, ...]:
            owner = job.task.owner
            return order.key(busy[owner], self.turns.get(owner, 0), job.task.priority, self._level(job), job.age)

        return min((job for job in waiting if job.task.ready <= self.time), key=place, default=None)

    def _pause(self) -> float:
        """Return how long it is until something changes."""
        pauses = [job.left for job in self.running]
        pauses += [job.task.ready - self.time for job in self.waiting if job.task.ready > self.time]
        if self.waiting and self.short_job_s:
            bounds = (self.short_job_s, LONGER * self.short_job_s)
            pauses += [bound - job.trained for job in self.running for bound in bounds if bound > job.trained]
        return min(pauses, default=math.inf)

    def _level(self, job: _Played) -> int:
        return level(job.trained, self.short_job_s)
