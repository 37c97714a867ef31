"""What the result of a finished training is worth, as warnings."""

from collections.abc import Iterable
from typing import Any, Protocol

from services.specs.schema.job import JobSpec

DIVERGED = "diverged"
EXPLODED = 100.0  #: a cost so many times that of the baseline comes of no model that learns
COSTS = ("train_cost", "val_cost")
BELOW_ZERO = {"gaussian_nll", "poisson_nll"}  #: losses whose costs can be zero or less, so that no share says much


class Result(Protocol):
    """A finished training."""

    @property
    def best(self) -> Any: ...

    @property
    def baseline(self) -> dict[str, Any] | None: ...

    @property
    def warnings(self) -> list[dict[str, Any]]: ...


def result_warnings(spec: JobSpec, result: Result, last: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the warnings of a result; `last` holds the costs of its last epoch, None for what is not finite."""
    metric, best, baseline = spec.monitor.metric, result.best, result.baseline
    if best.epoch is None:
        message = (
            f"{metric} was a number in no epoch before the time was over: none is the best, and nothing can predict."
        )
        return [_warning("no_best_epoch", message, "#/monitor/metric")]
    costs = {name: last[name] for name in COSTS if name in last} | ({metric: best.value} if metric in COSTS else {})
    if exploded := _divergence(spec, costs, baseline, last):
        return [_warning(DIVERGED, exploded, "#/optimizer/lr")]
    if baseline is None or baseline["value"] is None or _says(result.warnings, "constant_target"):
        return []
    value, to_beat = best.value, baseline["value"]
    if value < to_beat if spec.monitor.mode == "min" else value > to_beat:
        return []
    guess = "the mean of the targets" if baseline["predicts"] == "mean" else "how frequent each class is"
    message = f"{metric} of the best epoch is {value:.4g}; always predicting {guess} comes to {to_beat:.4g}."
    return [_warning("no_better_than_baseline", message, "#/model")]


def _divergence(
    spec: JobSpec, costs: dict[str, Any], baseline: dict[str, Any] | None, last: dict[str, Any]
) -> str | None:
    """Return the sentence on a cost that exploded; None if there is none, or nothing to compare with."""
    if last and last.get("train_cost") is None:
        return "The training cost of the last epoch is not finite."
    if baseline is None:
        return None
    least = 1.0 if getattr(spec.loss, "type", None) in BELOW_ZERO or not baseline["cost"] else 0.0
    limit = baseline["cost"] + EXPLODED * max(abs(baseline["cost"]), least)
    for name, value in costs.items():
        if value is not None and value > limit:
            return (
                f"{name} is {value:.4g}, where the same answer for every row comes to {baseline['cost']:.4g}: the "
                "training diverged. Lower optimizer.lr, or scale the data (data.scale, data.target_scale)."
            )
    return None


def _says(warnings: Iterable[dict[str, Any]], code: str) -> bool:
    return any(warning["code"] == code for warning in warnings)


def _warning(code: str, message: str, pointer: str) -> dict[str, Any]:
    return {"code": code, "message": message, "pointer": pointer}
