"""The queue and the workers over HTTP."""

import math
from dataclasses import asdict

from flask import Blueprint, Response, request

from api import queue_schemas, schemas
from api.checkpoints import NoQuery
from api.parts import api, as_json, caller
from api.requests import query
from api.view_descriptions import described
from services.errors import NotFound
from services.queue.durations import Span
from services.queue.outlook import Expected, QueueView
from services.queue.workers import WorkerView

bp = Blueprint("queue", __name__, url_prefix="/api/v1")


@bp.get("/queue")
@described(query=NoQuery, answer=queue_schemas.Queues)
def queue() -> Response:
    """Read what is waiting and why, what is running, when your jobs are likely to start and finish, and the workers."""
    query(NoQuery)
    return _queues()


@bp.post("/queue/pause")
@described(query=NoQuery, answer=queue_schemas.Queues)
def pause() -> Response:
    """Start no more waiting jobs, of any owner or device, until `resume`; running ones continue."""
    query(NoQuery)
    api().pause_queue(paused=True)
    return _queues()


@bp.post("/queue/resume")
@described(query=NoQuery, answer=queue_schemas.Queues)
def resume() -> Response:
    """Let waiting jobs start again."""
    query(NoQuery)
    api().pause_queue(paused=False)
    return _queues()


@bp.get("/workers")
@described(query=NoQuery, answer=schemas.List[queue_schemas.Worker])
def workers() -> Response:
    """List the workers that showed signs of life recently."""
    query(NoQuery)
    data = [_worker(view) for view in api().base.workers.listing(caller())]
    return as_json(schemas.List[queue_schemas.Worker](url=request.full_path.rstrip("?"), data=data, has_more=False))


@bp.post("/workers/<worker_id>/drain")
@described(query=NoQuery, answer=queue_schemas.Worker)
def drain(worker_id: str) -> Response:
    """Let a worker finish what it is running and take no more jobs, until `undrain` or its restart."""
    return _drained(worker_id, drained=True)


@bp.post("/workers/<worker_id>/undrain")
@described(query=NoQuery, answer=queue_schemas.Worker)
def undrain(worker_id: str) -> Response:
    """Let a drained worker take jobs again."""
    return _drained(worker_id, drained=False)


def _queues() -> Response:
    base = api().base
    queues, paused_at = base.outlook.queues(caller()), base.pauses.began_at()
    return as_json(
        queue_schemas.Queues(
            paused=paused_at is not None,
            paused_at=paused_at,
            queues=[_queue(view) for view in queues],
            jobs=[_job(job, view.device) for view in queues for job in view.jobs],
            workers=[_worker(view) for view in base.workers.listing(caller())],
        )
    )


def _drained(worker_id: str, *, drained: bool) -> Response:
    query(NoQuery)
    api().drain(worker_id, drained=drained)
    found = {view.id: view for view in api().base.workers.listing(caller())}
    if worker_id not in found:
        raise NotFound(f"The worker {worker_id[:80]!r} has just ended.")
    return as_json(_worker(found[worker_id]))


def _queue(view: QueueView) -> queue_schemas.DeviceQueue:
    start = view.next_start_s
    return queue_schemas.DeviceQueue(
        name=view.device,
        queued=view.queued,
        running=view.running,
        slots=view.slots,
        oldest_wait_seconds=view.oldest_wait_s,
        expected_start_seconds=round(start, 1) if math.isfinite(start) else None,
        workers_online=view.workers_online,
    )


def _job(view: Expected, device: str) -> queue_schemas.QueuedJob:
    return queue_schemas.QueuedJob(
        id=view.id,
        name=view.name,
        queue=device,
        status=view.status,
        priority=view.priority,
        position=view.position,
        reason=asdict(view.reason) if view.reason else None,
        expected_start=None if view.position is None else _expected(view.start),
        expected_finish=_expected(view.end),
    )


def _expected(span: Span) -> queue_schemas.Expected | None:
    if not math.isfinite(span.expected):
        return None
    high = round(span.high, 1) if math.isfinite(span.high) else None
    return queue_schemas.Expected(seconds=round(span.expected, 1), low=round(span.low, 1), high=high)


def _worker(view: WorkerView) -> queue_schemas.Worker:
    return queue_schemas.Worker(
        id=view.id,
        queues=[view.device],
        device=view.device,
        slots=view.slots,
        busy_slots=view.busy,
        status=view.status,
        jobs=view.jobs,
        done=view.done,
        failed=view.failed,
        versions=view.versions,
        memory_bytes=view.memory_bytes,
        started_at=view.started_at,
        heartbeat_age_seconds=round(view.seen_s_ago, 1),
    )
