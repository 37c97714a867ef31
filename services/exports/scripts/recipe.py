"""The parts of a spec as the Python that a tutorial would write: loss, optimizer, schedule, split."""

from typing import Any

from services.columns import Column, TableInfo
from services.specs.schema.job import JobSpec
from services.training.loop.optimizers import FUSED, OPTIMIZERS
from services.training.loop.schedulers import LEAST_RISE

SCHEDULES = "torch.optim.lr_scheduler"


def optimizer_source(spec: Any) -> str:
    """Return the call that makes the optimizer."""
    arguments = spec.model_dump(exclude={"type"})
    if "betas" in arguments:
        arguments["betas"] = tuple(arguments["betas"])
    if spec.type in FUSED:
        arguments["fused"] = True
    given = "".join(f", {name}={value!r}" for name, value in arguments.items())
    return f"torch.optim.{OPTIMIZERS[spec.type].__name__}(model.parameters(){given})"


def loss_source(spec: JobSpec, *, members: bool) -> str:
    """Return the expression that makes the loss; `wanted` in it are the training targets."""
    loss: Any = spec.loss
    plain = {
        "mse": "nn.MSELoss()",
        "l1": "nn.L1Loss()",
        "huber": f"nn.HuberLoss(delta={getattr(loss, 'delta', 0)!r})",
        "smooth_l1": f"nn.SmoothL1Loss(beta={getattr(loss, 'beta', 0)!r})",
        "poisson_nll": "nn.PoissonNLLLoss(log_input=True)",
        "gaussian_nll": "GaussianNLL()",
    }
    if loss.type == "cross_entropy":
        found = _cross_entropy(loss)
    elif loss.type == "bce_with_logits":
        found = _bce(loss)
    else:
        found = plain[loss.type]
    if spec.data.weight is not None:
        found = f"Weighted({found}, classes={loss.type == 'cross_entropy'})"
    if members:
        found = f"OfMembers({found})"
    return found


def _cross_entropy(loss: Any) -> str:
    smoothing = f"label_smoothing={loss.label_smoothing!r}"
    if loss.class_weight == "balanced":
        return f"nn.CrossEntropyLoss(balanced_class_weights(wanted, CLASSES), {smoothing})"
    if loss.class_weight:
        return f"nn.CrossEntropyLoss(torch.tensor({loss.class_weight!r}), {smoothing})"
    return f"nn.CrossEntropyLoss({smoothing})"


def _bce(loss: Any) -> str:
    if loss.pos_weight == "balanced":
        return "nn.BCEWithLogitsLoss(pos_weight=balanced_positive_weights(wanted))"
    given = f"pos_weight=torch.tensor({loss.pos_weight!r})" if loss.pos_weight else ""
    return f"nn.BCEWithLogitsLoss({given})"


def scheduler_source(spec: Any) -> list[str]:
    """Return the lines that make the schedule; `steps` is how many steps a job of all its epochs takes."""
    if spec is None:
        return []
    simple = {
        "step": lambda: f"StepLR(optimizer, {spec.step_epochs}, {spec.gamma!r})",
        "multistep": lambda: f"MultiStepLR(optimizer, {spec.milestones!r}, {spec.gamma!r})",
        "exponential": lambda: f"ExponentialLR(optimizer, {spec.gamma!r})",
        "cosine_restarts": lambda: (
            f"CosineAnnealingWarmRestarts(optimizer, {spec.t_0}, {spec.t_mult}, {spec.min_lr!r})"
        ),
        "plateau": lambda: (
            f"ReduceLROnPlateau(optimizer, factor={spec.factor!r}, patience={spec.patience}, threshold=0.0, "
            f"min_lr={spec.min_lr!r})"
        ),
        "onecycle": lambda: (
            f"OneCycleLR(optimizer, {spec.max_lr!r}, total_steps=len(batches) * ASKED_EPOCHS, "
            f"pct_start={spec.pct_start!r}, cycle_momentum=False)"
        ),
        "linear_warmup": lambda: f"LinearLR(optimizer, {LEAST_RISE!r}, total_iters={spec.epochs})",
    }
    if spec.type != "cosine":
        return [f"scheduler = {SCHEDULES}.{simple[spec.type]()}"]
    fall = f"{SCHEDULES}.CosineAnnealingLR(optimizer, max(1, ASKED_EPOCHS - {spec.warmup_epochs}), {spec.min_lr!r})"
    if not spec.warmup_epochs:
        return [f"scheduler = {fall}"]
    rise = f"{SCHEDULES}.LinearLR(optimizer, {LEAST_RISE!r}, total_iters={spec.warmup_epochs})"
    both = f"{SCHEDULES}.SequentialLR(optimizer, [rise, fall], milestones=[{spec.warmup_epochs}])"
    return [f"fall = {fall}", f"rise = {rise}", f"scheduler = {both}"]


def split_source(spec: JobSpec, info: TableInfo) -> str:
    """Return the expression for which rows train and which validate."""
    split: Any = spec.split
    if split.type == "none":
        return "np.ones(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)"
    if split.type == "random":
        groups = "targets.numpy().reshape(-1)" if split.stratify is True else "np.zeros(len(rows))"
        return f"random_parts(len(rows), {groups}, {split.validation!r}, {split.test!r}, SEED)"
    texts = f"texts_of(names, rows, {split.column!r})"
    if split.type == "column":
        return f"column_parts({texts})"
    return f"{split.type}_parts({texts}, {_column(info.column(split.column))}, {split.validation!r}, {split.test!r})"


def _column(column: Column) -> str:
    """Return what `column_cells` must know of a column."""
    known = {"name": column.name, "type": column.type, "origin": column.origin, "kept": None, "fill": 0.0}
    return repr({**known, "values": column.values if column.coded else None})
