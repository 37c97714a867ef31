"""The processes that train one job together, as `torch.distributed` joins them.

Rank 0 is the trainer: it alone updates the weights, measures, and decides when to stop. The others keep nothing: for
every batch they are given the weights, and return the gradients of their rows.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Self

import torch
import torch.distributed as dist
from torch import Tensor, nn

from services.specs.schema.job import JobSpec
from services.training_errors import RankLost, TrainingFailed

LEADER = 0
BACKENDS = {"cpu": "gloo", "cuda": "nccl"}
#: Rank 0 may wait for its database for days. That a process has ended is noticed by other means.
PATIENCE = timedelta(days=3_650)


@dataclass
class RankGroup:
    """One process's place among those that train a job: every one takes its share of the rows of each batch."""

    rank: int
    count: int
    seed: int
    device: str  #: its kind
    epoch: int = 0
    batch: int = 0  #: of the epoch, counted from 0

    @classmethod
    def of_leader(cls, spec: JobSpec) -> Self:
        """Return the trainer's place among the processes of a job.

        Raises: TrainingFailed where there are fewer GPUs: the job was queued for another worker.
        """
        if spec.device == "cuda" and (found := torch.cuda.device_count()) < spec.processes:
            detail = f"The job is for {spec.processes} processes, each with a GPU of its own; this worker has {found}."
            raise TrainingFailed(detail, pointer="#/processes", retryable=False)
        return cls(LEADER, spec.processes, spec.seed or 0, spec.device)

    def of(self, rank: int) -> Self:
        """Return the place of another process."""
        return replace(self, rank=rank)

    def take_device(self) -> None:
        """Have this process use its own GPU, before anything else does."""
        if self.device == "cuda":
            torch.cuda.set_device(self.rank)

    @property
    def leads(self) -> bool:
        """Whether this process is the trainer."""
        return self.rank == LEADER

    def join(self, rendezvous: str) -> None:
        """Wait until all processes have joined; `rendezvous` is the path of an empty file that all can open.

        It starts threads, so nothing is forked from a process that has joined.

        Raises: RankLost.
        """
        with _together():
            dist.init_process_group(
                BACKENDS[self.device],
                init_method=f"file://{rendezvous}",
                rank=self.rank,
                world_size=self.count,
                timeout=PATIENCE,
            )

    def share(self, rows: Tensor) -> Tensor:
        """Return this process's part of a batch's rows: each is in one part, and rank 0's is never empty."""
        return rows[self.rank :: self.count]

    def open_epoch(self, epoch: int, done: int) -> None:
        """Tell all that the batches of an epoch follow, without the first `done`.

        Raises: RankLost.
        """
        self._place(torch.tensor([epoch, done], device=self.device))

    def next_epoch(self) -> tuple[int, int]:
        """Wait for the next epoch; return it, and how many of its batches are done.

        Raises: RankLost.
        """
        return self._place(torch.zeros(2, dtype=torch.int64, device=self.device))

    def begin_batch(self, parameters: Sequence[nn.Parameter]) -> None:
        """Give everybody rank 0's weights, and begin the random numbers of this process's part of the batch.

        What dropout draws is a function of seed, epoch, batch and rank, so that no process has anything to store.

        Raises: RankLost.
        """
        weights = torch.cat([parameter.detach().flatten() for parameter in parameters])
        with _together():
            dist.broadcast(weights, LEADER)
        if not self.leads:
            _spread(weights, [parameter.detach() for parameter in parameters])
        place = f"{self.seed} {self.epoch} {self.batch} {self.rank}"
        torch.manual_seed(int.from_bytes(hashlib.sha256(place.encode()).digest()[:4]))
        self.batch += 1

    def add_up(self, cost: Tensor, parameters: Sequence[nn.Parameter]) -> Tensor:
        """Add costs and gradients up at rank 0, in its parameters; return the sum of the costs there.

        Shapes: cost (), and returns ().
        Raises: RankLost.
        """
        gradients = [torch.zeros_like(one) if one.grad is None else one.grad for one in parameters]
        summed = torch.cat([*(gradient.flatten() for gradient in gradients), cost.reshape(1)])
        with _together():
            dist.reduce(summed, LEADER)
        if self.leads:
            _spread(summed[:-1], gradients)
        return summed[-1]

    def _place(self, told: Tensor) -> tuple[int, int]:
        with _together():
            dist.broadcast(told, LEADER)
        self.epoch, self.batch = told.tolist()
        return self.epoch, self.batch


@contextmanager
def _together() -> Iterator[None]:
    """Say that another process is gone when what all do together fails.

    Raises: RankLost.
    """
    try:
        yield
    except RuntimeError as error:
        raise RankLost(f"Another process of this job is gone: {error}") from error


def _spread(flat: Tensor, targets: Sequence[Tensor]) -> None:
    """Copy numbers that lie one after the other into tensors."""
    parts = torch.split(flat, [target.numel() for target in targets])
    for part, target in zip(parts, targets, strict=True):
        target.copy_(part.view_as(target))
