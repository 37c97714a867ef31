"""Sends spans to a collector by OTLP over HTTP. Loaded only where one is set: see `services/wiring/tracing.py`.

Where it is, how to reach it and what the service is called are OpenTelemetry's own variables, which its libraries read.
"""

import hashlib
import logging
import threading
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from importlib.metadata import version

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Span, SpanContext, SpanKind, Status, StatusCode, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from services.tracing.job_spans import JobSpan
from services.tracing.unsent import Part

# Of each of its own tries it would say that it failed; that all of them have is enough.
logging.getLogger("opentelemetry.exporter").setLevel(logging.ERROR)

SCOPE = InstrumentationScope("batchyard", version("batchyard"))
CONTEXT = TraceContextTextMapPropagator()
CLOSE_S = 2.0  #: how long the last spans of requests may take
SPANS = 500  #: most of one request to the collector


class JobSpans:
    """Sends the spans of jobs, made from their events."""

    def __init__(self) -> None:
        self.resource = _resource()
        self.exporter = OTLPSpanExporter()

    def send(self, part: Part) -> bool:
        """Send a part of a job's trace; return whether the collector has taken all of it."""
        request = get_current_span(CONTEXT.extract({"traceparent": part.traceparent})).get_span_context()
        made = [self._made(part, span, request) for span in part.spans]
        sent = (self.exporter.export(made[n : n + SPANS]) for n in range(0, len(made), SPANS))
        return all(result is SpanExportResult.SUCCESS for result in sent)

    def _made(self, part: Part, span: JobSpan, request: SpanContext) -> ReadableSpan:
        of_job = partial(_context, request, part.job_id)
        return ReadableSpan(
            span.name,
            of_job(span.key),
            request if span.parent is None else of_job(span.parent),
            self.resource,
            {"batchyard.job.id": part.job_id, "batchyard.job.name": part.name, **span.attributes},
            status=Status(StatusCode.ERROR, span.fault) if span.fault else Status(),
            start_time=_nanoseconds(span.began),
            end_time=_nanoseconds(span.ended),
            instrumentation_scope=SCOPE,
        )


class RequestSpans:
    """Makes the spans of requests, and sends them from a thread of its own."""

    def __init__(self) -> None:
        # The sampler and the pace are taken from the environment.
        self.exporter = OTLPSpanExporter()
        self.provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
        self.provider.add_span_processor(BatchSpanProcessor(self.exporter))
        self.tracer = self.provider.get_tracer(SCOPE.name, SCOPE.version)

    def begin(self, method: str, route: str, headers: Mapping[str, str]) -> "RequestSpan":
        """Begin the span of a request, in the trace of its `traceparent` header if it has one."""
        known = {"http.request.method": method, "http.route": route}
        span = self.tracer.start_span(f"{method} {route}", CONTEXT.extract(headers), SpanKind.SERVER, known)
        return RequestSpan(span)

    def close(self, most_s: float = CLOSE_S) -> None:
        """Send what is left, for a short while: a collector that is away must not hold up the end of a process."""
        ending = threading.Thread(target=self.provider.shutdown, daemon=True, name="last spans")
        ending.start()
        ending.join(most_s)
        self.exporter.shutdown()  # type: ignore[no-untyped-call]  # it has no types


class RequestSpan:
    """The span of a request that is being answered."""

    def __init__(self, span: Span) -> None:
        self.span = span

    @property
    def traceparent(self) -> str | None:
        """Its context, as W3C Trace Context writes it; None when the trace is not recorded."""
        context = self.span.get_span_context()
        if context is None or not context.trace_flags.sampled:
            return None
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"

    def end(self, status: int, request_id: str) -> None:
        """End it with the status that was answered."""
        self.span.set_attributes({"http.response.status_code": status, "batchyard.request.id": request_id})
        if status >= 500:
            self.span.set_status(StatusCode.ERROR)
        self.span.end()


def _resource() -> Resource:
    found = Resource.create({SERVICE_VERSION: version("batchyard")})
    named = not str(found.attributes[SERVICE_NAME]).startswith("unknown_service")
    return found if named else found.merge(Resource({SERVICE_NAME: "batchyard"}))


def _context(request: SpanContext, job_id: str, key: str) -> SpanContext:
    """Return the context of a job's span, the same whoever sends it."""
    digest = hashlib.sha256(f"{request.trace_id:032x} {job_id} {key}".encode()).digest()
    span_id = int.from_bytes(digest[:8]) or 1
    return SpanContext(request.trace_id, span_id, is_remote=False, trace_flags=request.trace_flags)


def _nanoseconds(time: datetime) -> int:
    return round(time.timestamp() * 1_000_000) * 1_000
