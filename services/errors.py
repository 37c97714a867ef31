"""Every error we raise on purpose. A class's docstring is its title; its HTTP status stands in `api/problems.py`.

BatchyardError
├── RequestFault                 the caller can mend it
│   ├── MalformedJSON            malformed_json
│   ├── TooDeep                  too_deep
│   ├── DuplicateKey             duplicate_key
│   ├── InvalidRequest           validation_error: every fault of a request, each with its pointer
│   ├── BadRequest               bad_request
│   ├── RangeNotSatisfiable      range_not_satisfiable
│   ├── NotFound                 not_found
│   ├── MethodNotAllowed         method_not_allowed
│   ├── NotAcceptable            not_acceptable
│   ├── Unauthorized  InsufficientScope  TooManyWrongKeys  QuotaExceeded  StorageQuotaExceeded  (account_errors.py)
│   ├── ForbiddenHost            forbidden_host
│   ├── ForbiddenOrigin          forbidden_origin
│   ├── TooLarge                 payload_too_large
│   ├── SlowBody                 slow_body
│   ├── UnsupportedMediaType     unsupported_media_type
│   ├── IdempotencyKeyReused     idempotency_key_reused
│   ├── PreconditionFailed       precondition_failed
│   ├── ExportUnsupported        export_unsupported (export_errors.py)
│   └── Conflict
│       ├── InvalidTransition    invalid_transition
│       ├── JobAlreadyFinished   job_already_finished
│       ├── AmbiguousJob         ambiguous_job
│       ├── NoCheckpointYet      no_checkpoint_yet
│       ├── NoCheckpoint         no_checkpoint
│       ├── NotRecorded          not_recorded
│       ├── DatasetInUse         dataset_in_use (dataset_errors.py)
│       ├── DatasetDamaged       dataset_damaged (dataset_errors.py)
│       ├── CheckpointInUse      checkpoint_in_use
│       ├── VersionInUse         version_in_use
│       ├── GateRefused          gate_refused
│       ├── ExportDiffers        export_differs (export_errors.py)
│       ├── OutputNotReady       output_not_ready
│       └── PredictionInUse      prediction_in_use
├── ServiceFault                 the operator, or time, mends it
│   ├── NotReady                 not_ready
│   ├── Overloaded               overloaded
│   ├── StorageFull              storage_full
│   ├── CheckpointCorrupt        checkpoint_corrupt
│   ├── ExportFailed             export_failed (export_errors.py)
│   └── Internal                 internal
├── TrainingFault                ends a job; its code and text become the job's `error` (training_errors.py)
│   ├── NonfiniteCost            nonfinite_cost
│   ├── NoBestEpoch              no_best_epoch
│   ├── DataUnreadable           data_unreadable
│   ├── DataChanged              data_changed
│   ├── WeightsUnreadable        weights_unreadable
│   ├── ShapeMismatch            shape_mismatch
│   ├── PluginError              plugin_error
│   └── TrainingFailed           training_failed
├── Fenced                       another attempt owns the job: write nothing (training_errors.py)
├── RankLost                     another of the processes that train the job is gone (training_errors.py)
├── StopRequested                a drain, a pause or a cancel was requested (training_errors.py)
├── BackupRefused                a backup can't be written or restored as asked (backup_errors.py)
├── SettingInvalid               the server can't start with this setting
└── SchemaMismatch               the database's schema is not this program's
"""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar


class BatchyardError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "internal"

    def __init__(self, detail: str = "", **members: Any) -> None:
        super().__init__(detail or self.title())
        self.detail = detail or self.title()
        self.members = members  #: what the door shows beside the sentence, by name

    @classmethod
    def title(cls) -> str:
        """Return the class's own sentence."""
        return (cls.__doc__ or "").split("\n", 1)[0]


class RequestFault(BatchyardError):
    """The request can't be fulfilled as it is."""


@dataclass(frozen=True)
class Fault:
    """One fault of a request: where it is, what it is, and what would be right."""

    pointer: str  #: JSON pointer as a fragment, `#/optimizer/lr`
    code: str
    detail: str
    value: Any = None  #: what was there, if short
    suggestion: Any = None  #: what was probably meant
    allowed: list[Any] | None = None
    hint: str | None = None  #: what to do
    location: dict[str, Any] | None = None  #: row, line and column of a file

    def as_json(self) -> dict[str, Any]:
        """Return the members that say something."""
        return {name: value for name, value in asdict(self).items() if value is not None}


class MalformedJSON(RequestFault):
    """The body is not valid JSON."""

    code = "malformed_json"


class TooDeep(RequestFault):
    """The body is nested too deeply."""

    code = "too_deep"


class DuplicateKey(RequestFault):
    """A key occurs twice in one object."""

    code = "duplicate_key"


class InvalidRequest(RequestFault):
    """The request is not valid."""

    code = "validation_error"
    SHOWN = 100  #: faults are described up to here; beyond, they are counted

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        count = "1 problem" if len(faults) == 1 else f"{len(faults)} problems"
        first = faults[0].detail.rstrip(".")
        super().__init__(
            f"{count}. First: '{faults[0].pointer}' {first}{'' if first.endswith('?') else '.'}",
            errors=[fault.as_json() for fault in faults[: self.SHOWN]],
            total_errors=len(faults),
        )


class BadRequest(RequestFault):
    """The request can't be read."""

    code = "bad_request"


class RangeNotSatisfiable(RequestFault):
    """The range is not within the file."""

    code = "range_not_satisfiable"


class NotFound(RequestFault):
    """It does not exist."""

    code = "not_found"


class MethodNotAllowed(RequestFault):
    """This address does not accept that method."""

    code = "method_not_allowed"


class NotAcceptable(RequestFault):
    """None of the accepted media types is available."""

    code = "not_acceptable"


class ForbiddenHost(RequestFault):
    """This server does not answer to that host name."""

    code = "forbidden_host"


class ForbiddenOrigin(RequestFault):
    """Pages from other sites may not call this server."""

    code = "forbidden_origin"


class TooLarge(RequestFault):
    """The request is too large."""

    code = "payload_too_large"


class SlowBody(RequestFault):
    """The request body arrived too slowly."""

    code = "slow_body"


class UnsupportedMediaType(RequestFault):
    """This media type is not supported here."""

    code = "unsupported_media_type"


class IdempotencyKeyReused(RequestFault):
    """This Idempotency-Key was used with another body."""

    code = "idempotency_key_reused"


class PreconditionFailed(RequestFault):
    """It has changed since you read it."""

    code = "precondition_failed"


class Conflict(RequestFault):
    """The current state does not allow this."""


class InvalidTransition(Conflict):
    """A job in this state can't do that."""

    code = "invalid_transition"


class JobAlreadyFinished(Conflict):
    """The job has already finished."""

    code = "job_already_finished"


class AmbiguousJob(Conflict):
    """Several jobs have this name."""

    code = "ambiguous_job"


class NoCheckpointYet(Conflict):
    """The job has no checkpoint yet."""

    code = "no_checkpoint_yet"


class NoCheckpoint(Conflict):
    """The job ended without a checkpoint."""

    code = "no_checkpoint"


class NotRecorded(Conflict):
    """The costs of this epoch's batches were not kept."""

    code = "not_recorded"


class CheckpointInUse(Conflict):
    """Jobs start from a checkpoint of this job."""

    code = "checkpoint_in_use"


class ServiceFault(BatchyardError):
    """The service can't do this at the moment."""


class NotReady(ServiceFault):
    """A part that this needs does not answer."""

    code = "not_ready"


class Overloaded(ServiceFault):
    """Too many requests of this kind at once."""

    code = "overloaded"


class StorageFull(ServiceFault):
    """There is not enough disk space to store this."""

    code = "storage_full"


class CheckpointCorrupt(ServiceFault):
    """The stored checkpoint is damaged."""

    code = "checkpoint_corrupt"


class Internal(ServiceFault):
    """Something went wrong in the server; your request is not the cause."""

    code = "internal"


class SettingInvalid(BatchyardError):
    """A setting has an invalid value."""

    code = "setting_invalid"


class SchemaMismatch(BatchyardError):
    """The database's schema does not match this program."""

    code = "schema_mismatch"
