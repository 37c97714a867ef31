"""Joins what sends spans, where a collector is set. Elsewhere nothing of OpenTelemetry is loaded."""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

import structlog

from services.settings import has_collector

if TYPE_CHECKING:
    from services.tracing.collector import JobSpans, RequestSpans

log = structlog.get_logger()


def job_spans() -> "JobSpans | None":
    """Return what sends the spans of jobs; None where no collector is set."""
    found = _collector()
    return found.JobSpans() if found else None


def request_spans() -> "RequestSpans | None":
    """Return what makes the spans of requests; None where no collector is set."""
    found = _collector()
    return found.RequestSpans() if found else None


def _collector() -> ModuleType | None:
    if not has_collector():
        return None
    try:
        return import_module("services.tracing.collector")
    except ModuleNotFoundError as error:
        # The variable may be meant for all that runs on this host, so that it is no reason to refuse the start.
        words = "No traces are sent: OpenTelemetry is not installed. Run: pip install 'batchyard[otel]'"
        log.warning(words, missing=error.name)
        return None
