"""What is measured in each epoch of a job: the columns of its metrics, and whether an epoch validated."""

from services.jobs.job_views import JobView


def columns_of(job: JobView) -> list[str]:
    """Return the columns of a job's metrics, in order."""
    validates = job.spec["split"]["type"] != "none"
    measured = ["val_cost", *(f"val_{name}" for name in job.spec["metrics"])] if validates else []
    if job.spec.get("validation", {}).get("train_eval"):
        measured += ["train_eval_cost", *(f"train_{name}" for name in job.spec["metrics"])]
    return ["epoch", "train_cost", *measured, "lr", "seconds", "rows_per_second", "checkpoint"]


def is_measured(job: JobView, epoch: int) -> bool:
    """Return whether the validation rows were measured after an epoch."""
    every = job.spec.get("validation", {}).get("every_epochs", 1)
    return bool(epoch % every == 0 or epoch == job.spec["epochs"])
