"""The same call as curl, as a command and as Python, with the address that the browser used."""

import shlex
from typing import Any

import orjson

SPEC: dict[str, Any] = {"data": {"builtin": "iris"}, "model": "mlp"}


def copies(spec: dict[str, Any], host_url: str) -> dict[str, str]:
    """Return how to submit a spec from elsewhere."""
    server = host_url.rstrip("/")
    text = orjson.dumps(spec).decode()
    arguments = ", ".join(f"{name}={value!r}" for name, value in spec.items())
    return {
        "curl": f"curl --json {shlex.quote(text)} \\\n  {shlex.quote(f'{server}/api/v1/jobs')}",
        "Command": f"echo {shlex.quote(text)} |\n  batchyard --server {shlex.quote(server)} submit - --watch",
        "Python": f"import batchyard\n\nclient = batchyard.Client({server!r})\n"
        f"job = client.jobs.submit({arguments})\njob.watch()",
    }


def predict_call(job_id: str, record: dict[str, Any], host_url: str) -> str:
    """Return the curl of a prediction."""
    text = orjson.dumps({"records": [record]}).decode()
    return f"curl --json {shlex.quote(text)} \\\n  {shlex.quote(f'{host_url}api/v1/jobs/{job_id}/predict')}"
