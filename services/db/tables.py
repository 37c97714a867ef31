"""The tables: one class a table, the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    TypeDecorator,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.states import JobState

#: How an owner's jobs for one device are sorted, and which of them take part: an index holds them so, `queue/order.py`
#: asks for them so.
QUEUE_ORDER = ("priority DESC", "level", "created_at", "id")
READY = "state = 'queued' AND not_before <= created_at"
STATES = ", ".join(f"'{state}'" for state in JobState)


class UTCDateTime(TypeDecorator[datetime]):
    """An aware UTC time. SQLite gives naive ones back, so the zone is put on here."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Holds the naming of constraints and the type of each kind of column."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        dict[str, Any]: JSON().with_variant(JSONB(), "postgresql"),
        list[Any]: JSON().with_variant(JSONB(), "postgresql"),
        datetime: UTCDateTime(),
    }


class Owner(Base):
    """Somebody who owns jobs; `last_claim` orders the owners when a worker chooses a job."""

    __tablename__ = "owners"

    name: Mapped[str] = mapped_column(primary_key=True)
    last_claim: Mapped[int] = mapped_column(BigInteger, default=0)  #: rises with every claim of any owner


class Dataset(Base):
    """One table of rows. The bytes lie in the storage folder under their SHA-256."""

    __tablename__ = "datasets"
    __table_args__ = (
        Index("ix_datasets_owner_sha256", "owner", "sha256"),
        Index("ix_datasets_owner_created_at", "owner", "created_at", "id"),
        CheckConstraint("source IN ('upload', 'inline', 'builtin', 'plugin')", name="source"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str]
    name: Mapped[str]
    source: Mapped[str]  #: upload; inline and plugin: deleted with the last job; builtin
    format: Mapped[str]  #: csv, parquet, jsonl, npz, inline or plugin
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    rows: Mapped[int] = mapped_column(BigInteger)
    columns: Mapped[list[Any]]  #: `specs.columns.Column` as JSON objects
    dialect: Mapped[dict[str, Any] | None]
    suggested_target: Mapped[str | None]
    warnings: Mapped[list[Any]]
    created_at: Mapped[datetime]


class Job(Base):
    """One request to train one model."""

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint(f"state IN ({STATES})", name="state"),
        Index(
            "ix_jobs_queue",
            "device",
            "owner",
            *map(text, QUEUE_ORDER),
            sqlite_where=text(READY),
            postgresql_where=text(READY),
        ),
        Index(
            "ix_jobs_waits",
            "device",
            "not_before",
            sqlite_where=text("state = 'queued' AND not_before > created_at"),
            postgresql_where=text("state = 'queued' AND not_before > created_at"),
        ),
        Index(
            "ix_jobs_running",
            "owner",
            sqlite_where=text("state = 'running'"),
            postgresql_where=text("state = 'running'"),
        ),
        Index("ix_jobs_owner_created_at", "owner", "created_at", "id"),
        Index("ix_jobs_owner_name", "owner", "name", "created_at"),
        Index("ix_jobs_owner_state", "owner", "state", "created_at", "id"),
        Index("ix_jobs_dataset_id", "dataset_id"),
        Index("ix_jobs_init_checkpoint", "init_checkpoint"),
        Index(
            "ix_jobs_unnotified",
            "owner",
            sqlite_where=text("events_seq > notified_seq"),
            postgresql_where=text("events_seq > notified_seq"),
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str]
    name: Mapped[str]
    state: Mapped[str] = mapped_column(default=JobState.QUEUED)
    spec: Mapped[dict[str, Any]]  #: resolved; posting it again trains the same
    spec_submitted: Mapped[dict[str, Any]]  #: as sent, without inline rows
    spec_sha256: Mapped[str]
    dataset_id: Mapped[str] = mapped_column(ForeignKey("datasets.id"))
    dataset_sha256: Mapped[str]
    init_checkpoint: Mapped[str | None]  #: of another job; it is kept until this one is finished
    initialised_from: Mapped[dict[str, Any] | None]  #: what a user sees of that checkpoint
    device: Mapped[str]
    priority: Mapped[int] = mapped_column(default=0)
    tags: Mapped[list[Any]]
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata")
    model_summary: Mapped[dict[str, Any]]
    warnings: Mapped[list[Any]]

    attempt: Mapped[int] = mapped_column(default=0)  #: the fence: raised by each claim
    attempts_without_progress: Mapped[int] = mapped_column(default=0)
    beat: Mapped[int] = mapped_column(BigInteger, default=0)
    trained_s: Mapped[float] = mapped_column(default=0.0, server_default="0")  #: training of all attempts, in seconds
    level: Mapped[int] = mapped_column(default=0, server_default="0")  #: 0 short, 1, 2 long: by `trained_s`
    micro_batch_size: Mapped[int | None]  #: of the attempts since it ran out of memory; NULL: the spec's
    worker: Mapped[str | None]
    queued_at: Mapped[datetime | None]  #: when it was last put into the queue
    not_before: Mapped[datetime]  #: later than `created_at`: waits, after a failed attempt, for its next
    cancel_requested_at: Mapped[datetime | None]
    pause_requested_at: Mapped[datetime | None]
    stop_detail: Mapped[str | None]  #: the reason that the user gave for a stop request

    progress: Mapped[dict[str, Any] | None]  #: carried by the beat: shown, not kept
    epochs_done: Mapped[int] = mapped_column(default=0)  #: always the epoch of `last_checkpoint`
    events_seq: Mapped[int] = mapped_column(default=0)  #: number of the job's last event
    notified_seq: Mapped[int] = mapped_column(
        default=0, server_default="0"
    )  #: of the last that its webhooks were given
    best_checkpoint: Mapped[str | None]
    best_epoch: Mapped[int | None]
    best_value: Mapped[float | None]
    baseline: Mapped[dict[str, Any] | None]  #: what the same answer for every row comes to
    diverged: Mapped[bool] = mapped_column(default=False, server_default=false())  #: its cost exploded
    adjustments: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")  #: what was changed unasked
    last_checkpoint: Mapped[str | None]
    test: Mapped[dict[str, Any] | None]  #: what the best weights come to on the test rows
    environment: Mapped[dict[str, Any] | None]  #: versions, threads, instruction set, of the last attempt
    error: Mapped[dict[str, Any] | None]
    stop_reason: Mapped[str | None]
    retry_of: Mapped[str | None]  #: the job that this is a new try of; it may be deleted
    spec_diff: Mapped[list[Any] | None]  #: how the spec differs from that job's

    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class Epoch(Base):
    """The costs of one pass over the training rows of a job."""

    __tablename__ = "epochs"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True)
    attempt: Mapped[int]
    train_cost: Mapped[float | None]  #: NULL when not finite
    val_cost: Mapped[float | None]
    metrics: Mapped[dict[str, Any]]  #: `val_accuracy` and the like
    lr: Mapped[float]
    seconds: Mapped[float]
    rows_per_second: Mapped[float]
    best: Mapped[bool]  #: whether this epoch was the best so far
    batch_costs: Mapped[bytes | None] = mapped_column(LargeBinary)  #: packed little-endian float32


class Checkpoint(Base):
    """Stored weights of one moment of a job; the bytes are in its chunks."""

    __tablename__ = "checkpoints"
    __table_args__ = (
        CheckConstraint("kind IN ('best', 'last')", name="kind"),
        CheckConstraint("state IN ('uploading', 'ready')", name="state"),
        Index("ix_checkpoints_job_id", "job_id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    attempt: Mapped[int]
    kind: Mapped[str]  #: best: the weights of an epoch; last: also what is needed to go on
    state: Mapped[str]
    epoch: Mapped[int]  #: whole epochs that made these weights
    step: Mapped[int] = mapped_column(BigInteger)  #: optimizer steps that made them
    metrics: Mapped[dict[str, Any]]  #: the epoch's costs and metrics
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    created_at: Mapped[datetime]


class CheckpointChunk(Base):
    """A piece of a checkpoint's bytes."""

    __tablename__ = "checkpoint_chunks"

    checkpoint_id: Mapped[str] = mapped_column(ForeignKey("checkpoints.id", ondelete="CASCADE"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class Event(Base):
    """Something that happened to a job, written in the transaction of the change it tells of."""

    __tablename__ = "events"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    type: Mapped[str]
    level: Mapped[str] = mapped_column(default="info")
    message: Mapped[str]
    data: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class IdempotencyKey(Base):
    """A key that a client sent with a submit, and the job, or the batch prediction, that came of it."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index("ix_idempotency_keys_created_at", "created_at"),)

    owner: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    body_sha256: Mapped[str]
    job_id: Mapped[str]
    created_at: Mapped[datetime]


class NameCounter(Base):
    """How many jobs were named after a stem; the next is `<stem>-<n + 1>`."""

    __tablename__ = "name_counters"

    owner: Mapped[str] = mapped_column(primary_key=True)
    stem: Mapped[str] = mapped_column(primary_key=True)
    n: Mapped[int]


class Worker(Base):
    """A Celery worker that shows signs of life."""

    __tablename__ = "workers"

    id: Mapped[str] = mapped_column(primary_key=True)  #: device, process and host
    device: Mapped[str]
    slots: Mapped[int]
    versions: Mapped[dict[str, Any]]  #: of its software; beside them the memory that one of its trainers may take
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]  #: the database's time
    fault: Mapped[str | None]  #: deaf or stuck: why it is ending itself
    drained: Mapped[bool] = mapped_column(default=False, server_default=false())  #: told to claim nothing more
    done: Mapped[int] = mapped_column(default=0, server_default="0")  #: jobs that succeeded there
    failed: Mapped[int] = mapped_column(default=0, server_default="0")  #: jobs that failed there
