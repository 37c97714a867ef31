"""What a submit carries, and what comes of it."""

from dataclasses import dataclass
from typing import Any

from services.jobs.job_views import JobView
from services.specs.schema.job import JobSpec


@dataclass(frozen=True)
class RequestKey:
    """The Idempotency-Key of a request, and the digest of the body that it came with."""

    key: str
    body_sha256: str


@dataclass(frozen=True)
class Submission:
    """A spec that somebody wants trained."""

    spec: JobSpec
    owner: str
    submitted: dict[str, Any]  #: the spec as it was sent, without inline rows
    key: RequestKey | None = None
    retry_of: JobView | None = None
    traceparent: str | None = None  #: of the request, where traces are sent


@dataclass(frozen=True)
class Submitted:
    """The job of a submit, and whether its Idempotency-Key had brought it before."""

    job: JobView
    replayed: bool
