"""The log as programs read it: an object a line, whatever is logged and whoever logs it."""

import json
import subprocess
import sys
from datetime import datetime

SCRIPT = """
import logging, structlog
from services import log_lines
from services.settings import Settings
log_lines.begin(Settings(log_format="json"))
structlog.contextvars.bind_contextvars(request="req_1")
log = structlog.get_logger()
log.info("claimed", job="job_1", attempt=2)
log.warning("two\\nlines \\x1b[31m", name="\\u202e")
logging.getLogger("a.library").warning("odd: %s", "a\\nb")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("failed")
    logging.getLogger("a.library").exception("failed too")
log.debug("not shown")
"""


def test_every_line_is_an_object_that_names_request_job_and_attempt() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)

    lines = [json.loads(line) for line in done.stderr.splitlines()]

    assert [line["message"] for line in lines] == [
        "claimed",
        "two\nlines \x1b[31m",
        "odd: a\nb",
        "failed",
        "failed too",
    ]
    assert [line["level"] for line in lines] == ["info", "warning", "warning", "error", "error"]
    assert (lines[0]["request"], lines[0]["job"], lines[0]["attempt"]) == ("req_1", "job_1", 2)
    assert lines[2]["logger"] == "a.library"
    assert all("ZeroDivisionError" in line["exception"] for line in lines[3:])
    assert all(datetime.fromisoformat(line["timestamp"]).utcoffset() is not None for line in lines)
    assert done.stderr.isascii()
