"""The JSON Schema of a job spec, for editors; messages about faults come from `faults.py`."""

from typing import Any

from services.specs.schema.job import JobSpec
from services.specs.schema.published import published


def job_schema() -> dict[str, Any]:
    """Return the JSON Schema of a submitted spec."""
    whole = JobSpec.model_json_schema()
    found = published(whole.pop("$defs") | {"JobSpec": whole})
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found.pop("JobSpec"), "$defs": found}
