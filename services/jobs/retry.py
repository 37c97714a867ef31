"""A new job from an old one: its spec, changed by a merge patch."""

from dataclasses import replace
from typing import Any

import orjson

from services.errors import Fault, InvalidRequest
from services.jobs.job_views import JobView, Submission
from services.jobs.submit import JobService
from services.jobs.verb_target import to_change
from services.specs.parse.merge_patch import merged
from services.specs.parse.parser import read
from services.specs.schema.data import INLINE
from services.specs.schema.job import JobSpec


class JobRetry:
    """Submits jobs again. The old job stays as it is."""

    def __init__(self, jobs: JobService) -> None:
        self.jobs = jobs

    def retry(
        self,
        owner: str,
        said: str,
        patch: dict[str, Any],
        *,
        suggested: bool = False,
        name: str | None = None,
        from_checkpoint: str | None = None,
        key: str | None = None,
        body_sha256: str = "",
    ) -> Submission:
        """Submit a job's resolved spec again, after the error's suggestion if it is wanted, then after a patch.

        It keeps the old job's name unless another is said; `from_checkpoint` is of the old job, to begin with.
        Raises: NotFound; AmbiguousJob; InvalidRequest, its pointers below `#/spec`; what a submit raises.
        """
        # A key is looked up first: by now the new job has the name that said which one is meant.
        if key and (known := self.jobs.replayed(owner, key, body_sha256)):
            return known
        with self.jobs.database.transaction() as session:
            old = to_change(session, owner, said)
        spec = merged(old.spec, self._suggestion(old)) if suggested else old.spec
        if from_checkpoint is not None:
            if patch.get("init_from") is not None:
                detail = "names the weights to start from a second time: spec.init_from already does"
                raise InvalidRequest([Fault("#/from_checkpoint", "invalid", detail)])
            spec = spec | {"init_from": {"job": old.id, "checkpoint": from_checkpoint}}
        beside = {"name": old.name, "tags": old.tags, "metadata": old.metadata, "priority": old.priority}
        spec = merged(beside | spec, patch) | ({"name": name} if name else {})
        try:
            return self.jobs.submit(
                read(JobSpec, orjson.dumps(spec)),
                submitted=_without_rows(spec),
                owner=owner,
                key=key,
                body_sha256=body_sha256,
                retry_of=old,
            )
        except InvalidRequest as error:
            below = [_as_asked(fault, by_checkpoint=from_checkpoint is not None) for fault in error.faults]
            raise InvalidRequest(below) from error

    def _suggestion(self, old: JobView) -> dict[str, Any]:
        suggestion: dict[str, Any] | None = (old.error or {}).get("suggestion")
        if suggestion is None:
            detail = f"can't be applied: the error of {old.name} has none" if old.error else f"{old.name} has no error"
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
