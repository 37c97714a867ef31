"""The JSON Schema of a job spec, for editors; messages about faults come from `faults.py`."""

from typing import Any

from services.specs.schema.job import JobSpec


def job_schema() -> dict[str, Any]:
    """Return the JSON Schema of a submitted spec."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **JobSpec.model_json_schema()}
