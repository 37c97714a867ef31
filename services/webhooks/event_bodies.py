"""What a webhook can be notified of: the events of jobs by the names of webhooks, and the body that describes one."""

from typing import Any

import orjson

from services.db.tables import Event, Job
from services.states import FINAL, JobState

TEST = "webhook.test"
ALL = "*"
#: What happens on the way, by the event's own name; an end is named after how the job ended.
ON_THE_WAY = (
    "queued",
    "started",
    "epoch",
    "requeued",
    "rolled_back",
    "pausing",
    "paused",
    "resumed",
    "cancelling",
    "changed",
)
TYPES = tuple(f"job.{name}" for name in (*sorted(FINAL), *ON_THE_WAY))


def type_of(event: Event) -> str:
    """Return what webhooks call an event."""
    return f"job.{event.data['status'] if event.type == 'end' else event.type}"


def wants(events: list[str], kind: str) -> bool:
    """Return whether a webhook of these events is notified of one."""
    return ALL in events or kind in events


def body_of(job: Job, event: Event) -> str:
    """Return the body that tells of an event: the job as it was when this was made, and the event."""
    state = JobState(job.state)
    spec = job.spec
    best = None
    if job.best_value is not None:
        metric = spec.get("monitor", {}).get("metric")
        best = {"epoch": job.best_epoch, "metric": metric, "value": job.best_value, "checkpoint": job.best_checkpoint}
    data = {
        "id": job.id,
        "object": "job",
        "name": job.name,
        "status": event.data["status"] if event.type == "end" else str(state),
        "done": state in FINAL,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "epochs_done": job.epochs_done,
        "best": best,
        "test": job.test,
        "error": job.error and {name: job.error.get(name) for name in ("code", "message")},
        "stop_reason": job.stop_reason,
        "attempt": job.attempt,
        "tags": job.tags,
        "metadata": job.metadata_,
        "event": {"seq": event.seq, "level": event.level, "message": event.message, "data": event.data},
        "urls": {"self": f"/api/v1/jobs/{job.id}"},
    }
    return text({"type": type_of(event), "timestamp": event.created_at, "data": data})


def text(value: dict[str, Any]) -> str:
    """Return a body as text."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z).decode()
