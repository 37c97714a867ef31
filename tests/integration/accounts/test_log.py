"""What a request logs names the request, as its answer does."""

import pytest
import structlog
from structlog.testing import capture_logs

from tests.integration.accounts.clients import ClientOf

pytestmark = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)


def test_every_line_of_a_request_names_it(client_of: ClientOf) -> None:
    alice = client_of("alice")
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        answers = [alice.delete("/api/v1/jobs/job_none") for _ in range(2)]

    told = [line["request"] for line in lines if line["event"] == "audit"]
    assert told == [answer.headers["X-Request-Id"] for answer in answers]
    assert len(set(told)) == 2
