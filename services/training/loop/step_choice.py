"""Which kind of step a job takes, and why: decided once, kept over a resume."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.amp.grad_scaler import GradScaler
from torch.optim import Optimizer

from services.specs.resolve.memory import TRACE_FROM
from services.specs.schema.job import JobSpec
from services.specs.schema.optimizers import ClipNorm, ClipValue
from services.training.loop.rank_group import RankGroup
from services.training.loop.schedulers import Schedule
from services.training.loop.step import (
    Arithmetic,
    Clip,
    CostFunction,
    Guards,
    Shared,
    Step,
    accumulating_step,
    plain_step,
    shared_step,
    then,
    traced_step,
)
from services.training.loop.trace import traced

PRECISIONS = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Stepping:
    """A step, its kind (traced, plain, accumulating or shared) and the reason."""

    step: Step
    kind: str
    why: str
    wanted: str = ""  #: the kind that it would have been, where that was tried in vain


@dataclass(frozen=True)
class StepParts:
    """What a step is made of."""

    model: nn.Module
    cost_function: CostFunction
    optimizer: Optimizer
    schedule: Schedule
    scaler: GradScaler
    group: RankGroup | None = None  #: of the processes that share each batch


def stepping(spec: JobSpec, parts: StepParts, *, sample: tuple[Tensor, Tensor], steps: int) -> Stepping:
    """Return the step of a job that takes so many; `sample` is a batch to try tracing with.

    Shapes: features (batch, ...), targets (batch, ...).
    """
    kind, why = _kind(spec, steps)
    if parts.group:
        kind, why = "shared", f"{parts.group.count} processes share each batch"
    wanted = kind
    if kind == "traced":
        try:
            parts.model.train()
            traced(parts.model, parts.cost_function, *sample)
        except Exception as error:  # whatever a model's code raises
            kind, why = "plain", f"the model can't be traced: {str(error).splitlines()[0][:200]}"
    net, guards = (parts.model, parts.cost_function, parts.optimizer), Guards(_clip(spec), _skip(spec))
    arithmetic = Arithmetic(spec.micro_batch_size, PRECISIONS[spec.precision], parts.scaler)
    if parts.group:
        step = shared_step(*net, guards, Shared(parts.group, arithmetic))
    elif kind == "accumulating":
        step = accumulating_step(*net, guards, arithmetic)
    else:
        step = traced_step(*net, guards) if kind == "traced" else plain_step(*net, guards)
    if parts.schedule.each_step and (parts.group is None or parts.group.leads):
        step = then(step, parts.schedule.after_step)
    return Stepping(step, kind, why, wanted)


def _kind(spec: JobSpec, steps: int) -> tuple[str, str]:
    if spec.micro_batch_size is not None:
        return "accumulating", "micro_batch_size is set"
    if spec.precision != "fp32":
        return "accumulating", f"precision is {spec.precision}"
    if spec.model.type == "plugin":
        return "plain", "the code of a plug-in may branch on its data"
    if steps < TRACE_FROM:
        return "plain", f"fewer than {TRACE_FROM} steps"
    return "traced", "the model can be traced"


def _clip(spec: JobSpec) -> Clip | None:
    if isinstance(spec.gradient_clip, ClipNorm):
        return partial(nn.utils.clip_grad_norm_, max_norm=spec.gradient_clip.norm)
    if isinstance(spec.gradient_clip, ClipValue):
        return partial(nn.utils.clip_grad_value_, clip_value=spec.gradient_clip.value)
    return None


def _skip(spec: JobSpec) -> Any:
    return _is_not_finite if spec.on_nonfinite == "skip_step" else None


def _is_not_finite(cost: Tensor) -> bool:
    return not bool(torch.isfinite(cost))
