"""The schedules of the step size by name: an entry here and its spec in `specs/schema/schedulers.py` add another."""

from collections.abc import Callable
from typing import Any

from torch.optim import Optimizer
from torch.optim import lr_scheduler as torch_schedulers

from services.specs.schema import schedulers as specs

LEAST_RISE = 0.01  #: a linear rise begins at this share of the step size


def _cosine(spec: specs.Cosine, optimizer: Optimizer, epochs: int, _steps: int) -> Any:
    fall = torch_schedulers.CosineAnnealingLR(optimizer, T_max=max(1, epochs - spec.warmup_epochs), eta_min=spec.min_lr)
    if not spec.warmup_epochs:
        return fall
    rise = torch_schedulers.LinearLR(optimizer, LEAST_RISE, total_iters=spec.warmup_epochs)
    return torch_schedulers.SequentialLR(optimizer, [rise, fall], milestones=[spec.warmup_epochs])


def _plateau(spec: specs.Plateau, optimizer: Optimizer, _epochs: int, _steps: int) -> Any:
    return torch_schedulers.ReduceLROnPlateau(
        optimizer, factor=spec.factor, patience=spec.patience, threshold=0.0, min_lr=spec.min_lr
    )


#: Each takes a spec, the optimizer, and the epochs and steps of the job.
SCHEDULERS: dict[str, Callable[[Any, Optimizer, int, int], Any]] = {
    "step": lambda spec, o, _e, _s: torch_schedulers.StepLR(o, spec.step_epochs, spec.gamma),
    "multistep": lambda spec, o, _e, _s: torch_schedulers.MultiStepLR(o, spec.milestones, spec.gamma),
    "exponential": lambda spec, o, _e, _s: torch_schedulers.ExponentialLR(o, spec.gamma),
    "cosine": _cosine,
    "cosine_restarts": lambda spec, o, _e, _s: torch_schedulers.CosineAnnealingWarmRestarts(
        o, spec.t_0, spec.t_mult, spec.min_lr
    ),
    "plateau": _plateau,
    "onecycle": lambda spec, o, _e, steps: torch_schedulers.OneCycleLR(
        o, spec.max_lr, total_steps=steps, pct_start=spec.pct_start, cycle_momentum=False
    ),
    "linear_warmup": lambda spec, o, _e, _s: torch_schedulers.LinearLR(o, LEAST_RISE, total_iters=spec.epochs),
}
STEP_SIZES = ("lr", "initial_lr", "max_lr", "min_lr")  #: of a parameter group; all but the first are one schedule's own
EACH_STEP = {"onecycle"}  #: these change the step size after every step, the others after every epoch


class Schedule:
    """When the step size of an optimizer changes, and by what it is decided."""

    def __init__(self, spec: Any, optimizer: Optimizer, *, epochs: int, steps: int, mode: str) -> None:
        self.optimizer = optimizer
        self.scheduler = SCHEDULERS[spec.type](spec, optimizer, epochs, steps) if spec else None
        self.each_step = spec is not None and spec.type in EACH_STEP
        self.by_value = spec is not None and spec.type == "plateau"
        self.sign = 1 if mode == "min" else -1
        self.slowed = 1.0  #: what the spec's step sizes are multiplied by

    @property
    def lr(self) -> float:
        """The step size now."""
        return float(self.optimizer.param_groups[0]["lr"])

    def after_step(self) -> None:
        """Change the step size, if it changes after every step."""
        if self.scheduler and self.each_step:
            self.scheduler.step()

    def after_epoch(self, monitored: float | None) -> None:
        """Change the step size, if it changes after every epoch. `monitored` is the epoch's value, None if unknown."""
        if self.scheduler is None or self.each_step:
            return
        if not self.by_value:
            self.scheduler.step()
        elif monitored is not None:
            self.scheduler.step(self.sign * monitored)
        else:
            # Patience is of epochs, as in early stopping, and not of the times that were measured.
            self.scheduler.num_bad_epochs += 1

    def slow_down(self, factor: float) -> None:
        """Multiply every step size, now and to come, but those that a schedule falls to."""
        self.slowed *= factor
        group = self.optimizer.param_groups[0]
        group |= {name: group[name] * factor for name in STEP_SIZES if name in group}
        for scheduler in [self.scheduler, *getattr(self.scheduler, "_schedulers", [])]:
            if hasattr(scheduler, "base_lrs"):
                scheduler.base_lrs = [lr * factor for lr in scheduler.base_lrs]

    def state(self) -> dict[str, Any]:
        """Return all that `resume` needs, as JSON."""
        state = {} if self.scheduler is None else self.scheduler.state_dict()
        # What is a table is made from the spec again; JSON would make its keys texts.
        plain = {name: value for name, value in state.items() if not isinstance(value, dict)}
        return {"lr": self.lr, "scheduler": plain, "slowed": self.slowed}

    def resume(self, state: dict[str, Any]) -> None:
        """Continue from `state`."""
        self.slow_down(state.get("slowed", 1.0))
        if self.scheduler is not None:
            self.scheduler.load_state_dict(state["scheduler"])
        self.optimizer.param_groups[0]["lr"] = state["lr"]
