"""The Celery app of a worker: its settings with their reasons, and its signals."""

import os
from collections.abc import Callable, Sequence
from typing import Any

from celery import Celery, signals
from kombu import Queue

from services.attempts import usage
from services.attempts.usage import Sample
from services.nudges import WORK, list_of
from services.processes import die_with_parent
from services.queue.claims import Claim
from services.settings import Settings
from services.tls import broker_url
from services.wiring.base import Base, base
from worker import tasks
from worker.redis_connection import QuickConnection
from worker.slots import HEARD, Slots
from worker.supervisor import Supervisor
from worker.work_kind import Kind, WorkKind, no_usage


def make_app(settings: Settings, slots: Slots) -> Celery:
    """Return the app of a worker that hears the list of one device."""
    app = Celery("batchyard", broker=broker_url(settings), set_as_current=True)
    app.amqp.Connection = QuickConnection
    app.conf.update(
        task_acks_late=False,  # a nudge is done when it is heard; the claim and the reaper do the rest
        task_retry_on_worker_lost=False,
        task_send_sent_event=False,
        worker_pool_start_method="fork",  # supervisors have no torch, so a fork is safe and quick
        task_reject_on_worker_lost=False,  # a job that kills its worker would come back for ever
        task_ignore_result=True,  # how a job fares stands in SQL
        task_serializer="json",
        accept_content=["json"],  # whoever owns Redis can't make us read a pickle
        worker_prefetch_multiplier=1,
        worker_disable_prefetch=True,  # a nudge held behind a long job would make another worker's slot wait
        worker_concurrency=slots.count,
        worker_pool="prefork",
        worker_max_tasks_per_child=settings.supervisor_tasks,
        worker_cancel_long_running_tasks_on_connection_loss=False,  # Redis away is no reason to stop a training
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,  # the default gives up after 100
        broker_transport_options={
            "visibility_timeout": 300,  # only a nudge that was not started comes back
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
            "socket_timeout": 10,  # without one a half-open connection is waited for without end
            "socket_connect_timeout": 3,
            "socket_keepalive": True,
            "health_check_interval": 15,
        },
        worker_soft_shutdown_timeout=10,  # acts on SIGQUIT only, the entrypoint's second stage
        worker_proc_alive_timeout=60,  # the default of 4 s kills a child that is slow to start
        worker_enable_remote_control=False,  # anyone on Redis could stop workers
        worker_send_task_events=False,
        task_track_started=False,
        task_create_missing_queues=False,  # a mistyped name is an error
        task_queues=[Queue(list_of(slots.device))],
        task_default_queue=list_of(slots.device),
        enable_utc=True,
        timezone="UTC",
        worker_redirect_stdouts=False,
        worker_hijack_root_logger=False,
    )
    app.task(name=WORK, ignore_result=True)(tasks.work)
    return app


def connect_signals(settings: Settings, slots: Slots) -> list[Callable[..., None]]:
    """Connect the app's signals and return their receivers, which the caller keeps: Celery holds them weakly.

    The pipe that tells every supervisor of a drain is made here, before the pool forks, so that all inherit it.
    """
    drain, ring_drain = os.pipe()
    main = os.getpid()

    def begin_slot(**_: Any) -> None:
        die_with_parent(main)
        tasks.begin(Supervisor(_kinds(base(settings, pool_size=1), slots), settings, slots, drain))

    def tell_of_drain(**_: Any) -> None:
        os.write(ring_drain, b"!")

    def tell_of_nudge(**_: Any) -> None:
        slots.tell(HEARD)

    signals.worker_process_init.connect(begin_slot)
    signals.worker_shutting_down.connect(tell_of_drain)
    signals.task_received.connect(tell_of_nudge)
    return [begin_slot, tell_of_drain, tell_of_nudge]


def _kinds(joined: Base, slots: Slots) -> list[WorkKind]:
    """Return what a supervisor can claim; a free one asks for jobs first."""

    def batch_turn_over(_claim: Claim, turn_s: float) -> bool:
        return joined.batches.claims.is_turn_over(slots.device, slots.worker, turn_s)

    def keep(claim: Claim, samples: Sequence[tuple[float, Sample]]) -> None:
        usage.store(joined.database, claim, samples)

    return [
        WorkKind(
            Kind.JOB, joined.queue.claims.claim, joined.attempts.lifecycle, joined.queue.time_slices.is_over, keep
        ),
        WorkKind(Kind.PREDICTION, joined.batches.claims.claim, joined.batches.lifecycle, batch_turn_over, no_usage),
    ]
