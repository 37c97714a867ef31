"""Whether one plain script can repeat a job to the bit, and why not where it can't."""

from math import ceil

from services.exports.subject import Subject
from services.specs.resolve.memory import IN_MEMORY_BYTES
from services.specs.schema.job import JobSpec

FLOAT_BYTES = 4
CHANGES = {"optimizer.lr", "micro_batch_size", "validation.batch_size"}  #: adjustments that change what is computed
COSTS = {"train_cost", "val_cost"}


def unrepeatable(subject: Subject, train_rows: int) -> str | None:
    """Return the sentence that says why there is no `train.py`; None where there is one."""
    spec, info = subject.job_spec, subject.rows.info
    changed = CHANGES & {str(one.get("what")) for one in subject.adjustments}
    plateau = spec.scheduler is not None and spec.scheduler.type == "plateau"
    reasons = [
        (spec.data.plugin is not None, "its rows are the items of a plug-in"),
        (spec.model.type == "plugin", "its net is a plug-in's"),
        (
            info.rows * len(info.columns) * FLOAT_BYTES > IN_MEMORY_BYTES,
            "its rows did not fit in memory and were mixed block by block",
        ),
        (spec.device != "cpu", f"it was trained on {spec.device}, whose bits depend on the device"),
        (spec.precision != "fp32", f"it was trained in {spec.precision}"),
        (spec.micro_batch_size is not None, "its batches went through the net in parts"),
        (spec.processes > 1, "several processes shared its batches"),
        (spec.init_from is not None, "it began with the weights of another job"),
        (spec.on_nonfinite == "skip_step", "it may have left out steps"),
        (bool(changed), f"the service changed {', '.join(sorted(changed))} while it was trained"),
        (
            plateau and spec.monitor.metric not in COSTS,
            f"its step size followed {spec.monitor.metric}, which takes more than PyTorch to compute",
        ),
        (
            subject.checkpoint["step"] != subject.checkpoint["epoch"] * steps_of_epoch(spec, train_rows),
            "these weights are of the middle of an epoch",
        ),
    ]
    found = next((why for holds, why in reasons if holds), None)
    return f"There is no train.py: one plain script can't repeat this job to the bit, since {found}." if found else None


def steps_of_epoch(spec: JobSpec, train_rows: int) -> int:
    """Return the steps of one epoch."""
    size = train_rows if spec.batch_size == "full" else int(spec.batch_size)
    return train_rows // size if spec.drop_last else ceil(train_rows / size)
