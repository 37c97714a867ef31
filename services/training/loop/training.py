"""One training: its parts, its progress, and both as bytes."""

import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, NoReturn

import torch
from torch import Tensor, nn
from torch.amp.grad_scaler import GradScaler
from torch.optim import Optimizer

from services.adjustments import Adjustment
from services.costs import EpochCosts
from services.specs.schema.job import JobSpec
from services.training.input.block_batches import BlockBatches
from services.training.input.preprocessing import Preprocessing
from services.training.input.rows import TrainBatches
from services.training.loop.best import Best, Patience
from services.training.loop.evaluation import Evaluation
from services.training.loop.loop import Batches, Learner, Measurements, fit
from services.training.loop.progress import Progress
from services.training.loop.rank_group import RankGroup
from services.training.loop.schedulers import Schedule
from services.training.loop.step import Step
from services.training.loop.step_choice import Stepping
from services.training.loop.temperature import fitted_temperature
from services.training.loop.watch import watched
from services.training.weights import from_bytes, to_bytes

#: Of the progress, what a checkpoint holds as JSON.
RESUMED = (
    "epochs_done",
    "steps_done",
    "seconds",
    "seconds_of_epoch",
    "lr_of_epoch",
    "batch_sizes",
    "batch_amounts",
    "rollbacks",
)
SLOWER = 0.1  #: what a rollback multiplies the step size by


@dataclass
class Training:
    """The parts of a training, joined. Its state may be asked for between any two batches."""

    spec: JobSpec
    model: nn.Module
    optimizer: Optimizer
    schedule: Schedule
    scaler: GradScaler
    stepping: Stepping
    train_batches: TrainBatches | BlockBatches
    validation: Evaluation | None
    test: Evaluation | None
    train_eval: Evaluation | None  #: the training rows, measured like those
    preprocessing: Preprocessing
    shape: tuple[int, ...]  #: of one row's features
    device: torch.device
    keep_batch_costs: bool
    stop_requested: Callable[[], str | None]
    progress: Progress
    best: Best
    patience: Patience | None
    group: RankGroup | None = None  #: of the processes that share each batch
    amounts: Callable[[Tensor], tuple[float, float]] | None = None  #: of a batch's targets, where rows have weights
    baseline: dict[str, Any] | None = None  #: what the same answer for every row comes to
    warnings: list[dict[str, Any]] = field(default_factory=list)  #: what of the data makes a result worth less
    adjustments: list[Adjustment] = field(default_factory=list)  #: what is done otherwise than usual
    best_weights: dict[str, Tensor] = field(default_factory=dict)
    temperature: float = 1.0  #: fitted to the weights as they are now
    best_temperature: float = 1.0
    marked: bytes = b""  #: what `mark` kept

    @property
    def steps_per_epoch(self) -> int:
        """Optimizer steps of one epoch."""
        return len(self.train_batches)

    @property
    def step(self) -> Step:
        """The step of the job's kind."""
        return self.stepping.step

    @property
    def steps_done(self) -> int:
        """Optimizer steps taken since the job began."""
        return self.progress.steps_done

    @property
    def lr(self) -> float:
        """The step size now."""
        return self.schedule.lr

    def mark(self) -> None:
        """Keep where it stands, as a place to go back to."""
        self.marked = self.last_bytes()

    def slow_down(self, why: str) -> None:
        """Go on with a tenth of the step size, where a larger one led astray."""
        self.progress.rollbacks += 1
        before = self.lr
        self.schedule.slow_down(SLOWER)
        self.adjustments.append(Adjustment("optimizer.lr", before, self.lr, why))

    def fit(self) -> Iterator[EpochCosts]:
        """Train on from where it stands, epoch by epoch.

        Raises: StopRequested between two batches.
        """
        learner = Learner(self.model, self.step, self.schedule, self.device, self.amounts)
        measurements = Measurements(
            monitor=self.spec.monitor.metric,
            validation=self.validation,
            train_eval=self.train_eval,
            every_epochs=self.spec.validation.every_epochs,
            finite_only=self.spec.on_nonfinite == "skip_step",
            keep_batch_costs=self.keep_batch_costs,
        )
        return fit(learner, self._watched_batches, measurements, self.progress, self.spec.epochs)

    def follow(self, group: RankGroup) -> NoReturn:
        """Compute this process's part of every batch, for as long as rank 0 trains.

        Raises: RankLost.
        """
        self.model.train()
        while True:
            for features, targets in self.train_batches(*group.next_epoch()):
                self.step(features.to(self.device, non_blocking=True), targets.to(self.device, non_blocking=True))

    def measure_test(self) -> dict[str, Any] | None:
        """Return the best weights' cost and metrics on the test rows; None if there are none."""
        if self.test is None:
            return None
        now = self._copied()
        self.model.load_state_dict(self.best_weights or now)
        cost, measured = self.test(self.model)
        self.model.load_state_dict(now)
        return {"epoch": self.best.epoch, "test_cost": cost, **{f"test_{k}": v for k, v in measured.items()}}

    def keep_best(self) -> None:
        """Copy the weights now: the next step changes them in place."""
        self.best_weights, self.best_temperature = self._copied(), self.temperature

    def calibrate(self) -> None:
        """Fit the temperature to the weights as they are now, on the validation rows.

        Raises: StopRequested between two batches.
        """
        if self.validation is not None:
            self.temperature = fitted_temperature(self.model, self.validation)

    def best_bytes(self) -> bytes:
        """Return the best weights and all that a prediction needs."""
        return self._weights_bytes(self.best.epoch, self.best.value, self.best_weights, self.best_temperature)

    def weights(self, epoch: int, value: float | None) -> Callable[[], bytes]:
        """Copy the weights of an epoch now; the result turns them into bytes, with all that a prediction needs."""
        copied = self.best_weights if epoch == self.best.epoch else self._copied()
        temperature = self.temperature
        return lambda: self._weights_bytes(epoch, value, copied, temperature)

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
        if self.test is not None:  # measured at the end, perhaps by a later attempt
            tensors |= _named("best", self.best_weights)
        tensors["rng.cpu"] = torch.get_rng_state()
        if self.device.type == "cuda":
            tensors["rng.cuda"] = torch.cuda.get_rng_state(self.device)
        progress = self.progress
        if progress.batch_costs:
            tensors["progress.batch_costs"] = torch.from_numpy(progress.costs())
        done = {name: getattr(progress, name) for name in RESUMED}
        about = {
            "kind": "last",
            "optimizer": scalars,
            "progress": done,
            "best": asdict(self.best),
            "patience": asdict(self.patience) if self.patience else None,
            "schedule": self.schedule.state(),
            "scaler": self.scaler.state_dict(),
            **self._about(self.temperature),
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
        self.best_weights = _below("best", tensors)
        self.schedule.resume(about["schedule"])
        self.scaler.load_state_dict(about["scaler"])
        done = about["progress"]
        if self.amounts and "batch_amounts" not in done:  # stored by a release that weighed batches by their rows
            done["batch_amounts"] = [(rows, rows) for rows in done["batch_sizes"]]
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
            "processes": self.group.count if self.group else 1,
            "instruction_set": torch.backends.cpu.get_cpu_capability(),
            "device": self.device.type,
            "step": self.stepping.kind,
            "step_why": self.stepping.why,
            "host": os.uname().nodename,
        }

    def _copied(self) -> dict[str, Tensor]:
        return {name: tensor.detach().clone() for name, tensor in self.model.state_dict().items()}

    def _weights_bytes(
        self, epoch: int | None, value: float | None, weights: dict[str, Tensor], temperature: float
    ) -> bytes:
        about = {"kind": "weights", "epoch": epoch, "value": value, **self._about(temperature)}
        return to_bytes(_named("model", weights), about)

    def _watched_batches(self, epoch: int, done: int) -> Batches:
        if self.group:
            self.group.open_epoch(epoch, done)
        return watched(self.train_batches(epoch, done), self.stop_requested)

    def _about(self, temperature: float) -> dict[str, Any]:
        environment = self.environment()
        kept = ("torch", "threads", "instruction_set")
        return {
            "model": self.spec.model.model_dump(),
            "preprocessing": self.preprocessing.as_json() | {"temperature": temperature},
            "shape": list(self.shape),
            "environment": {name: environment[name] for name in kept},
        }


def _named(prefix: str, tensors: dict[str, Any]) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        name.removeprefix(f"{prefix}."): tensor for name, tensor in tensors.items() if name.startswith(f"{prefix}.")
    }
