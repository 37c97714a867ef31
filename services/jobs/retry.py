"""A new job from an old one: its spec, changed by a merge patch."""

from dataclasses import replace
from typing import Any

import orjson

from services.errors import Fault, InvalidRequest
from services.jobs import references
from services.jobs.job_views import JobView, Submission
from services.jobs.submit import JobService
from services.specs.parse.merge_patch import differences, merged
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
        job_id: str,
        patch: dict[str, Any],
        *,
        suggested: bool = False,
        name: str | None = None,
        key: str | None = None,
        body_sha256: str = "",
    ) -> Submission:
        """Submit a job's resolved spec again, after the error's suggestion if it is wanted, then after a patch.

        Raises: NotFound; InvalidRequest, its pointers below `#/spec`; what a submit raises.
        """
        with self.jobs.database.reading() as session:
            old = references.to_change(session, owner, job_id)
        spec = merged(old.spec, self._suggestion(old)) if suggested else old.spec
        beside = {"tags": old.tags, "metadata": old.metadata, "priority": old.priority}
        spec = merged(beside | spec, patch) | ({"name": name} if name else {})
        try:
            submission = self.jobs.submit(
                read(JobSpec, orjson.dumps(spec)),
                submitted=_without_rows(spec),
                owner=owner,
                key=key,
                body_sha256=body_sha256,
                retry_of=job_id,
            )
        except InvalidRequest as error:
            below = [replace(fault, pointer="#/spec" + fault.pointer[1:]) for fault in error.faults]
            raise InvalidRequest(below) from error
        new = replace(submission.job, spec_diff=differences(old.spec, submission.job.spec))
        return Submission(new, submission.replayed)

    def _suggestion(self, old: JobView) -> dict[str, Any]:
        suggestion: dict[str, Any] | None = (old.error or {}).get("suggestion")
        if suggestion is None:
            detail = f"can't be applied: the error of {old.name} has none" if old.error else f"{old.name} has no error"
            hint = "say in `spec` what to change"
            raise InvalidRequest([Fault("#/apply", "not_available", detail, hint=hint)])
        return suggestion


def _without_rows(spec: dict[str, Any]) -> dict[str, Any]:
    data = spec.get("data")
    if not isinstance(data, dict):
        return spec
    return spec | {"data": {name: value for name, value in data.items() if name not in INLINE}}
