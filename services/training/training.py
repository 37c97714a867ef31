"""One training: its parts, its progress, and both as bytes."""

import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader

from services.costs import EpochCosts
from services.specs.job import JobSpec
from services.training.best import Best, Patience
from services.training.data import TrainBatches
from services.training.loop import Batches, CostFunction, Step, fit
from services.training.metrics import Metric
from services.training.preprocessing import Preprocessing
from services.training.progress import Progress
from services.training.watch import watched
from services.training.weights import from_bytes, to_bytes


@dataclass
class Training:
    """The parts of a training, joined. Its state may be asked for between any two batches."""

    spec: JobSpec
    model: nn.Module
    cost_function: CostFunction
    optimizer: Optimizer
    step: Step
    train_batches: TrainBatches
    valid_batches: "DataLoader[tuple[Tensor, Tensor]] | None"
    metrics: dict[str, Metric]
    preprocessing: Preprocessing
    device: torch.device
    steps_per_epoch: int
    keep_batch_costs: bool
    wish: Callable[[], str | None]
    progress: Progress
    best: Best
    patience: Patience | None
    best_weights: dict[str, Tensor] = field(default_factory=dict)

    @property
    def steps_done(self) -> int:
        """Optimizer steps taken since the job began."""
        return self.progress.steps_done

    def fit(self) -> Iterator[EpochCosts]:
        """Train on from where it stands, epoch by epoch.

        Raises: Wished between two batches.
        """
        return fit(
            self.model,
            self.cost_function,
            self.step,
            self._watched_batches,
            self.valid_batches,
            self.metrics,
            epochs=self.spec.epochs,
            progress=self.progress,
            device=self.device,
            lr=self.spec.optimizer.lr,
            keep_batch_costs=self.keep_batch_costs,
        )

    def keep_best(self) -> None:
        """Copy the weights now: the next step changes them in place."""
        self.best_weights = {name: tensor.detach().clone() for name, tensor in self.model.state_dict().items()}

    def best_bytes(self) -> bytes:
        """Return the kept weights and all that a prediction needs."""
        about = {"kind": "best", "epoch": self.best.epoch, "value": self.best.value, **self._about()}
        return to_bytes(_named("model", self.best_weights), about)

    def last_bytes(self) -> bytes:
        """Return all that a later attempt needs to end with the same bits."""
        state = self.optimizer.state_dict()["state"]
        tensors = _named("model", self.model.state_dict())
        scalars: dict[str, Any] = {}
        for number, of_parameter in state.items():
            for name, value in of_parameter.items():
                if isinstance(value, Tensor):
                    tensors[f"optimizer.{number}.{name}"] = value
                elif value is not None:
                    scalars[f"{number}.{name}"] = value
        tensors["rng.cpu"] = torch.get_rng_state()
        if self.device.type == "cuda":
            tensors["rng.cuda"] = torch.cuda.get_rng_state(self.device)
        progress = self.progress
        if progress.batch_costs:
            tensors["progress.batch_costs"] = torch.from_numpy(progress.costs())
        done = {
            name: getattr(progress, name)
            for name in ("epochs_done", "steps_done", "seconds", "seconds_of_epoch", "batch_sizes")
        }
        about = {
            "kind": "last",
            "optimizer": scalars,
            "progress": done,
            "best": asdict(self.best),
            "patience": asdict(self.patience) if self.patience else None,
            **self._about(),
        }
        return to_bytes(tensors, about)

    def resume(self, last: bytes) -> None:
        """Set every part to the state that `last_bytes` gave.

        Raises: CheckpointCorrupt.
        """
        tensors, about = from_bytes(last)
        self.model.load_state_dict(_below("model", tensors))
        state: dict[int, dict[str, Any]] = {}
        for path, value in [*_below("optimizer", tensors).items(), *about["optimizer"].items()]:
            number, name = path.split(".", 1)
            state.setdefault(int(number), {})[name] = value
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": state, "param_groups": groups})
        done = about["progress"]
        costs = tensors.get("progress.batch_costs", torch.zeros(0)).to(self.device)
        self.progress = Progress(**done, batch_costs=list(costs))
        self.best = Best(**about["best"])
        self.patience = Patience(**about["patience"]) if about["patience"] else None
        torch.set_rng_state(tensors["rng.cpu"])
        if "rng.cuda" in tensors and self.device.type == "cuda":
            torch.cuda.set_rng_state(tensors["rng.cuda"], self.device)

    def environment(self) -> dict[str, Any]:
        """Return what the bits depend on besides the spec and the data."""
        return {
            "torch": str(torch.__version__),
            "python": platform.python_version(),
            "threads": torch.get_num_threads(),
            "instruction_set": torch.backends.cpu.get_cpu_capability(),
            "device": self.device.type,
            "step": "plain",
            "host": os.uname().nodename,
        }

    def _watched_batches(self, epoch: int, done: int) -> Batches:
        return watched(self.train_batches(epoch, done), self.wish)

    def _about(self) -> dict[str, Any]:
        environment = self.environment()
        kept = ("torch", "threads", "instruction_set")
        return {
            "model": self.spec.model.model_dump(),
            "preprocessing": self.preprocessing.as_json(),
            "environment": {name: environment[name] for name in kept},
        }


def _named(prefix: str, tensors: dict[str, Any]) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        name.removeprefix(f"{prefix}."): tensor for name, tensor in tensors.items() if name.startswith(f"{prefix}.")
    }
