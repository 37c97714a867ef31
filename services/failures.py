"""What a failed job's error teaches: its class, whether trying again may help, what to do, and a patch that does it."""

from enum import StrEnum
from typing import Any


class FailureClass(StrEnum):
    """Whose fault a failure is, and so who can mend it."""

    USER = "user"  #: the spec or a plug-in
    DATA = "data"  #: the rows
    RESOURCE = "resource"  #: the job needs more than it gets
    INFRASTRUCTURE = "infrastructure"  #: the machine or this program; tried again by itself
    DIVERGENCE = "divergence"  #: the training
    STALL = "stall"  #: it stood still


CLASSES = {
    "nonfinite_cost": FailureClass.DIVERGENCE,
    "no_best_epoch": FailureClass.DIVERGENCE,
    "out_of_memory_host": FailureClass.RESOURCE,
    "out_of_memory_gpu": FailureClass.RESOURCE,
    "time_limit": FailureClass.RESOURCE,
    "stalled": FailureClass.STALL,
    "data_unreadable": FailureClass.DATA,
    "data_changed": FailureClass.DATA,
    "weights_unreadable": FailureClass.DATA,
    "shape_mismatch": FailureClass.USER,
    "plugin_error": FailureClass.USER,
    "training_failed": FailureClass.USER,
    "worker_lost": FailureClass.INFRASTRUCTURE,
    "crashed": FailureClass.INFRASTRUCTURE,
    "internal": FailureClass.INFRASTRUCTURE,
}
#: What to do, where the one who failed the job did not say.
HINTS = {
    "no_best_epoch": "Monitor val_cost, or a metric that the validation rows have: f1 needs rows of each class, a cost "
    "rows of a weight above 0.",
    "out_of_memory_host": "Use a smaller batch_size or model, or ask the operator for more memory.",
    "out_of_memory_gpu": "Use a smaller batch_size or model, or train on the CPU: device cpu.",
    "time_limit": "Set max_time_seconds below the operator's limit: the job then ends by itself and keeps its best.",
    "stalled": "Use a smaller batch_size or model, or ask the operator for a longer BATCHYARD_STALL_S.",
    "data_unreadable": "Upload the same file again: it is stored under the same id. Then retry the job.",
    "data_changed": "Upload the same file again: it is stored under the same id. Then retry the job.",
    "weights_unreadable": "Retry with other weights in init_from, or train the job that they came from again.",
    "shape_mismatch": "Check the model's layers against the columns; validate_only=true shows what each layer returns.",
    "plugin_error": "Fix the plug-in, have the operator install it, and retry the job.",
    "training_failed": "The log says where. Change the spec or the data it names; if they are right, report a bug.",
    "worker_lost": "Nothing is wrong with the job: retry it. If it happens again, read the workers' logs.",
    "crashed": "Retry the job. If it happens again, read log_tail and the worker's log.",
    "internal": "This is a bug in Batchyard: retry the job, and report it with log_tail if it happens again.",
}


def explained(error: dict[str, Any] | None, spec: dict[str, Any]) -> dict[str, Any] | None:
    """Return a job's error with all that its code and spec say about a way out."""
    if error is None:
        return None
    kind = CLASSES.get(error["code"], FailureClass.INFRASTRUCTURE)
    return {
        "class": str(kind),
        "retryable": kind is FailureClass.INFRASTRUCTURE,
        **error,
        "hint": error.get("hint") or HINTS.get(error["code"]),
        "suggestion": suggestion(error["code"], spec),
    }


def suggestion(code: str, spec: dict[str, Any]) -> dict[str, Any] | None:
    """Return the merge patch (RFC 7396) of the spec that will probably help; None where there is none."""
    if CLASSES.get(code) is FailureClass.DIVERGENCE:
        return _smaller_steps(spec)
    if code in {"out_of_memory_host", "out_of_memory_gpu"}:
        return _smaller_batch(spec)
    return None


def _smaller_steps(spec: dict[str, Any]) -> dict[str, Any]:
    patch: dict[str, Any] = {"optimizer": {"lr": _tenth(spec["optimizer"]["lr"])}}
    if top := (spec.get("scheduler") or {}).get("max_lr"):
        patch["scheduler"] = {"max_lr": _tenth(top)}
    return patch


def _tenth(value: float) -> float:
    return float(f"{value / 10:.6g}")


def _smaller_batch(spec: dict[str, Any]) -> dict[str, Any] | None:
    name = "micro_batch_size" if spec.get("micro_batch_size") else "batch_size"
    size = spec[name]
    if size == "full":
        return {"batch_size": "auto"}
    return {name: size // 2} if size > 1 else None
