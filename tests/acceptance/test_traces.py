"""One trace from the request to the last epoch, as a collector gets it by OTLP over HTTP; without one, nothing."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from tests.hold import Hold, until
from tests.receiver import Receiver, receiver
from tests.stack import local_stack

TRACE, CLIENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
JOB: dict[str, Any] = {"data": {"builtin": "iris"}, "model": "linear", "epochs": 4, "early_stopping": False, "seed": 1}
QUICK = {"backoff_s": "0.1", "dispatch_interval_s": "0.1"}
MILLISECOND = 1_000_000  #: in nanoseconds; SQLite's clock has no less
#: Says which senders there are, and what was loaded to send spans. (What redis finds installed, it loads for itself.)
LOADED = """
import sys
{before}
from services.wiring.tracing import job_spans, request_spans
ours = ("opentelemetry.exporter", "opentelemetry.sdk.trace.export", "services.tracing.collector")
print(job_spans(), request_spans(), [name for name in sys.modules if name.startswith(ours)])
"""


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A collector that whatever is started from now on sends its spans to."""
    with receiver() as found:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", found.url.partition("/hook")[0])
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key=secret")
        monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")  # milliseconds
        yield found


def spans(found: Receiver) -> list[Span]:
    """Return the spans that a collector got, in the order in which they began."""
    got = [
        span
        for _, body in list(found.got)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    return sorted(got, key=lambda span: (span.start_time_unix_nano, -span.end_time_unix_nano))


def known(span: Any) -> dict[str, Any]:
    """Return the attributes of a span or a resource."""
    return {pair.key: getattr(pair.value, str(pair.value.WhichOneof("value"))) for pair in span.attributes}


def test_a_job_whose_trainer_was_killed_is_one_trace(tmp_path: Path, sqlite: Path, collector: Receiver) -> None:
    (tmp_path / "data").mkdir()
    shutil.copyfile(sqlite, tmp_path / "data" / "batchyard.db")  # migrated, which takes seconds
    points = tmp_path / "points"
    points.mkdir()
    held = Hold(points, "trainer.epoch")

    with local_stack(tmp_path / "data", faultpoints=str(points), **QUICK) as stack:
        assert stack.http.post("/api/v1/jobs", json={"epochs": 0}).status_code == 422
        job = stack.submit(JOB, traceparent=f"00-{TRACE}-{CLIENT}-01")
        os.kill(held.next(), signal.SIGKILL)
        held.end()
        assert stack.finished(job)["attempt"] == 2
        until(lambda: len(spans(collector)) >= 10)

    refused, *traced = spans(collector)
    assert (refused.name, known(refused)["http.response.status_code"]) == ("POST /api/v1/jobs", 422)
    assert {span.trace_id.hex() for span in traced} == {TRACE} != {refused.trace_id.hex()}
    by_name: dict[str, list[Span]] = {}
    for span in traced:
        by_name.setdefault(span.name, []).append(span)
    (post,), attempts, stays = by_name.pop("POST /api/v1/jobs"), by_name.pop("attempt"), by_name.pop("queue")
    epochs = by_name.pop("epoch")
    assert by_name == {}
    assert (post.parent_span_id.hex(), post.kind) == (CLIENT, Span.SPAN_KIND_SERVER)
    assert known(post)["http.response.status_code"] == 202
    assert {span.parent_span_id for span in attempts + stays} == {post.span_id}
    assert [known(span)["batchyard.attempt"] for span in attempts] == [1, 2]
    assert [span.status.code for span in attempts] == [Status.STATUS_CODE_ERROR, Status.STATUS_CODE_UNSET]
    assert "SIGKILL" in attempts[0].status.message
    assert [known(span)["batchyard.epoch"] for span in epochs] == [1, 2, 3, 4]
    assert [span.parent_span_id for span in epochs] == [attempts[0].span_id] + 3 * [attempts[1].span_id]
    assert {known(span)["batchyard.job.id"] for span in attempts + stays + epochs} == {job}
    # The stays and the attempts follow each other, from the request on, and each holds its epochs.
    life = [stays[0], attempts[0], stays[1], attempts[1]]
    assert [span.start_time_unix_nano for span in life[1:]] == [span.end_time_unix_nano for span in life[:-1]]
    assert post.start_time_unix_nano <= stays[0].start_time_unix_nano + MILLISECOND
    for span in epochs:
        (around,) = [attempt for attempt in attempts if attempt.span_id == span.parent_span_id]
        assert around.start_time_unix_nano <= span.start_time_unix_nano
        assert span.start_time_unix_nano < span.end_time_unix_nano <= around.end_time_unix_nano
    # As OpenTelemetry's own variables say.
    (headers, body), *_ = collector.got
    assert (headers["content-type"], headers["api-key"]) == ("application/x-protobuf", "secret")
    resource = known(ExportTraceServiceRequest.FromString(body).resource_spans[0].resource)
    assert (resource["service.name"], resource["deployment.environment.name"]) == ("batchyard", "test")


def test_without_a_collector_nothing_of_opentelemetry_is_loaded() -> None:
    assert loaded("import worker.trace_sender", {}).stdout == "None None []\n"


def test_a_collector_without_the_libraries_is_answered_with_how_to_install_them() -> None:
    done = loaded("sys.modules['opentelemetry'] = None", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"})

    assert "pip install 'batchyard[otel]'" in done.stdout
    assert done.stdout.endswith("None None []\n")


def loaded(before: str, variables: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run what says what was loaded."""
    command = [sys.executable, "-c", LOADED.format(before=before)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | variables, timeout=120)
    assert done.returncode == 0, done.stderr
    return done
