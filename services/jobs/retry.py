"""A new job from an old one: its spec, changed by a merge patch."""

from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from services.errors import Fault, InvalidRequest
from services.jobs.job_views import JobView
from services.jobs.submission import RequestKey, Submission, Submitted
from services.jobs.submit import JobService
from services.jobs.verb_target import to_change
from services.specs.parse.merge_patch import merged
from services.specs.parse.parser import read
from services.specs.schema.data import INLINE
from services.specs.schema.job import JobSpec


@dataclass(frozen=True)
class SpecChanges:
    """What a new try does otherwise than the old job."""

    patch: dict[str, Any] = field(default_factory=dict)  #: a merge patch of the spec
    suggested: bool = False  #: take what the old job's error suggests, before the patch
    name: str | None = None  #: instead of the old job's
    from_checkpoint: str | None = None  #: of the old job, to begin with


class JobRetry:
    """Submits jobs again. The old job stays as it is."""

    def __init__(self, jobs: JobService) -> None:
        self.jobs = jobs

    def retry(
        self,
        owner: str,
        said: str,
        changes: SpecChanges,
        key: RequestKey | None = None,
        traceparent: str | None = None,
    ) -> Submitted:
        """Submit a job's resolved spec again, changed.

        Raises: NotFound; AmbiguousJob; InvalidRequest, its pointers below `#/spec`; what a submit raises.
        """
        # A key is looked up first: by now the new job has the name that said which one is meant.
        if key and (known := self.jobs.replayed(owner, key)):
            return known
        with self.jobs.database.transaction() as session:
            old = to_change(session, owner, said)
        spec = self._changed(old, changes)
        try:
            wanted = read(JobSpec, orjson.dumps(spec))
            return self.jobs.submit(Submission(wanted, owner, _without_rows(spec), key, old, traceparent))
        except InvalidRequest as error:
            below = [_as_asked(fault, by_checkpoint=changes.from_checkpoint is not None) for fault in error.faults]
            raise InvalidRequest(below) from error

    def _changed(self, old: JobView, changes: SpecChanges) -> dict[str, Any]:
        spec = merged(old.spec, self._suggestion(old)) if changes.suggested else old.spec
        if changes.from_checkpoint is not None:
            if changes.patch.get("init_from") is not None:
                detail = "names the weights to start from a second time: spec.init_from already does"
                raise InvalidRequest([Fault("#/from_checkpoint", "invalid", detail)])
            spec = spec | {"init_from": {"job": old.id, "checkpoint": changes.from_checkpoint}}
        beside = {"name": old.name, **vars(old.labels)}
        changed: dict[str, Any] = merged(beside | spec, changes.patch)
        return changed | ({"name": changes.name} if changes.name else {})

    def _suggestion(self, old: JobView) -> dict[str, Any]:
        error = old.outcome.error
        suggestion: dict[str, Any] | None = (error or {}).get("suggestion")
        if suggestion is None:
            detail = f"can't be applied: the error of {old.name} has none" if error else f"{old.name} has no error"
            hint = "put the change into `spec`"
            raise InvalidRequest([Fault("#/apply", "not_available", detail, hint=hint)])
        return suggestion


def _as_asked(fault: Fault, *, by_checkpoint: bool) -> Fault:
    """Return a fault of the new spec at the place in the request that it came from."""
    if by_checkpoint and fault.pointer.startswith("#/init_from"):
        return replace(fault, pointer="#/from_checkpoint")
    return replace(fault, pointer="#/spec" + fault.pointer[1:])


def _without_rows(spec: dict[str, Any]) -> dict[str, Any]:
    data = spec.get("data")
    if not isinstance(data, dict):
        return spec
    return spec | {"data": {name: value for name, value in data.items() if name not in INLINE}}
