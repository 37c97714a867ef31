"""Jobs, checkpoints and data sets as the bodies that answers show."""

from dataclasses import asdict
from typing import Any

from api import schemas
from api.result_schemas import Adjustment, Baseline, Estimate
from services.attempts.checkpoints import CheckpointView
from services.datasets.dataset_views import DatasetView
from services.dates import text_of
from services.jobs.job_views import JobView

JOBS = "/api/v1/jobs"


def job(view: JobView, *, submitted: bool = False) -> schemas.Job:
    """Return a job in full; with what was sent, if asked for."""
    return schemas.Job(
        id=view.id,
        name=view.name,
        status=view.status,
        done=view.done,
        created_at=view.times.created_at,
        started_at=view.times.started_at,
        finished_at=view.times.finished_at,
        queue=_queue(view),
        progress=progress(view),
        latest=_latest(view),
        best=best(view),
        baseline=Baseline(**view.outcome.baseline) if view.outcome.baseline else None,
        test=view.outcome.test,
        initialised_from=view.origin.initialised_from,
        error=_error(view),
        stop_reason=view.outcome.stop_reason,
        attempt=view.run.attempt,
        retry_of=view.origin.retry_of,
        resume_from=view.training.resume_from,
        spec_diff=view.origin.spec_diff,
        worker={"id": view.run.worker, "device": view.run.device} if view.run.worker else None,
        seed=view.spec["seed"],
        priority=view.labels.priority,
        spec=view.spec,
        spec_submitted=view.origin.spec_submitted if submitted else None,
        model_summary={name: value for name, value in view.model_summary.items() if name != "estimate"},
        estimate=Estimate(**estimated) if (estimated := view.model_summary.get("estimate")) else None,
        environment=view.run.environment and {**view.run.environment, "data_sha256": view.data.sha256},
        warnings=[schemas.Warning(**warning) for warning in view.warnings],
        adjustments=[Adjustment(**one) for one in view.run.adjustments],
        tags=view.labels.tags,
        metadata=view.labels.metadata,
        urls=_urls(f"{JOBS}/{view.id}"),
    )


def brief(view: JobView) -> schemas.JobBrief:
    """Return a job as a list shows it."""
    ended, began = view.times.finished_at, view.times.started_at
    return schemas.JobBrief(
        id=view.id,
        name=view.name,
        status=view.status,
        done=view.done,
        created_at=view.times.created_at,
        duration_seconds=(ended - began).total_seconds() if ended and began else None,
        model=view.spec["model"]["type"],
        dataset={"id": view.data.id, "name": view.data.name},
        progress=progress(view),
        best=best(view),
        stop_reason=view.outcome.stop_reason,
        tags=view.labels.tags,
        spark=view.training.spark,
    )


def progress(view: JobView) -> schemas.Progress | None:
    """Return how far a job is: what is recorded, or what its trainer said last if that is further."""
    done, latest, best = view.training.epochs_done, view.training.latest, view.training.best
    said = view.training.reported or {}
    if not done and not said:
        return None
    epochs = int(view.spec["epochs"])
    per_epoch = int(view.model_summary["steps_per_epoch"])
    step = max(done * per_epoch, int(said.get("step", 0)))
    epoch = min(epochs, max(done, -(-step // max(1, per_epoch))))  # the one that the step is of
    left = (epochs * per_epoch - step) * latest.seconds / per_epoch if latest and per_epoch else None
    return schemas.Progress(
        phase="finished" if view.done else "paused" if view.state == "paused" else said.get("phase", "training"),
        message=f"epoch {epoch} of up to {epochs}",
        epoch=epoch,
        epochs=epochs,
        step=step,
        steps_per_epoch=per_epoch,
        fraction=1.0 if view.state == "succeeded" else min(1.0, step / max(1, epochs * per_epoch)),
        eta_seconds=None if view.done or view.state == "paused" or left is None else round(left, 1),
        rows_per_second=latest.rows_per_second if latest else None,
        epochs_since_best=done - best.epoch if best.epoch else None,
    )


def best(view: JobView) -> schemas.Best | None:
    """Return a job's best epoch."""
    found = view.training.best
    if found.epoch is None or found.value is None:
        return None
    metric = view.spec["monitor"]["metric"]
    return schemas.Best(epoch=found.epoch, metric=metric, value=found.value, checkpoint=found.checkpoint)


def checkpoint(view: CheckpointView) -> schemas.Checkpoint:
    """Return a checkpoint."""
    shown = {name: value for name, value in asdict(view).items() if name not in {"job_id", "kind"}}
    return schemas.Checkpoint(job=view.job_id, **shown)


def dataset(view: DatasetView) -> schemas.Dataset:
    """Return a data set and its columns."""
    columns: list[dict[str, Any]] = []
    for column in view.info.columns:
        shown = {name: getattr(column, name) for name in ("name", "type", "missing")}
        shown |= {name: said for name in ("guess", "against") if (said := getattr(column, name))}
        if column.type == "number":
            shown |= {name: getattr(column, name) for name in ("min", "max", "mean")}
        elif column.type == "datetime" and column.min is not None and column.max is not None:
            shown |= {"min": text_of(column.min, column), "max": text_of(column.max, column)}
        elif column.shape is not None:
            shown["shape"] = column.shape
        elif column.values is not None:
            counts: list[Any] = column.counts or [None] * len(column.values)  # nobody has counted a plug-in's items
            shown["categories"] = {str(value): count for value, count in zip(column.values, counts, strict=True)}
        columns.append(shown)
    return schemas.Dataset(**_dataset(view), columns=columns)


def dataset_brief(view: DatasetView) -> schemas.DatasetBrief:
    """Return a data set as a list shows it."""
    return schemas.DatasetBrief(**_dataset(view))


def _dataset(view: DatasetView) -> dict[str, Any]:
    names = ("id", "name", "format", "size_bytes", "sha256", "created_at", "dialect", "suggested_target")
    warnings = [schemas.Warning(**warning) for warning in view.warnings]
    return {name: getattr(view, name) for name in names} | {"rows": view.info.rows, "warnings": warnings}


def _queue(view: JobView) -> schemas.Queue | None:
    place = view.queue
    if place is None:
        return None
    return schemas.Queue(
        name=view.run.device,
        position=place.position,
        ahead=place.position - 1,
        workers_online=place.workers_online,
        reason=asdict(place.reason),
    )


def _urls(here: str) -> dict[str, str]:
    parts = ("events", "metrics", "logs", "checkpoints", "predict")
    return {"self": here, **{name: f"{here}/{name}" for name in parts}}


def _latest(view: JobView) -> schemas.Epoch | None:
    row = view.training.latest
    if row is None:
        return None
    return schemas.Epoch(epoch=row.epoch, train_cost=row.train_cost, val_cost=row.val_cost, lr=row.lr, **row.metrics)


def _error(view: JobView) -> dict[str, Any] | None:
    if view.outcome.error is None:
        return None
    return {**view.outcome.error, "docs": f"/problems/{view.outcome.error['code'].replace('_', '-')}"}
