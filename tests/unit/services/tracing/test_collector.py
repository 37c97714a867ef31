"""The spans of requests: in the trace of the client, which also says whether it is recorded."""

import re
from collections.abc import Iterator

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from services.tracing.collector import RequestSpans
from tests.receiver import receiver

TRACE, CLIENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
NEW = "00-[0-9a-f]{32}-[0-9a-f]{16}-0[13]"  # sampled, and perhaps random


@pytest.fixture(scope="module")
def spans() -> Iterator[RequestSpans]:
    """Spans that nobody ends, so that none is sent."""
    made = RequestSpans()
    yield made
    made.close()


@pytest.mark.parametrize(
    ("traceparent", "expected"),
    [
        (f"00-{TRACE}-{CLIENT}-01", f"00-{TRACE}-(?!{CLIENT})[0-9a-f]{{16}}-01"),
        (f"cc-{TRACE}-{CLIENT}-01-of-a-later-version", f"00-{TRACE}-[0-9a-f]{{16}}-01"),
        (None, NEW),
        ("nonsense", f"(?!.*{TRACE}){NEW}"),
        (f"00-{'0' * 32}-{CLIENT}-01", NEW),
        (f"00-{TRACE.upper()}-{CLIENT}-01", f"(?!.*{TRACE}){NEW}"),
    ],
)
def test_a_jobs_context_is_the_requests_span(spans: RequestSpans, traceparent: str | None, expected: str) -> None:
    span = spans.begin("POST", "/api/v1/jobs", {"traceparent": traceparent} if traceparent else {})

    assert span.traceparent is not None
    assert re.fullmatch(expected, span.traceparent)


def test_what_is_left_is_sent_as_the_process_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", collector.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "600000")
        made = RequestSpans()
        made.begin("POST", "/api/v1/jobs", {}).end(503, "req_1")
        assert collector.got == []

        made.close(most_s=60)

        ((_, body),) = collector.got
    (span,) = ExportTraceServiceRequest.FromString(body).resource_spans[0].scope_spans[0].spans
    assert (span.name, span.status.code) == ("POST /api/v1/jobs", Status.STATUS_CODE_ERROR)


def test_nothing_is_kept_of_a_trace_that_its_client_does_not_record(spans: RequestSpans) -> None:
    assert spans.begin("POST", "/api/v1/jobs", {"traceparent": f"00-{TRACE}-{CLIENT}-00"}).traceparent is None
