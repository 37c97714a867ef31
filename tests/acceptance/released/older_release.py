"""What an older release does on a database that a newer one has migrated. Run with that release's code on the path.

Submits the job that is given to it, trains it and the one that waits, and says as JSON what it did. The rooms
are `Any`: they have the names that they had in that release.
"""

import json
import sys
from typing import Any

from services.db.schema import check_schema, head
from services.jobs.submission import Submission
from services.settings import Settings
from services.specs.resolve.facts import ModelSizes
from services.specs.schema.job import JobSpec
from services.states import StopReason
from services.training.model_summary import shapes, summary
from services.wiring import trainer
from services.wiring.base import Intake, base


def trained(joined: Any) -> str:
    """Claim and train the next job, as a worker's processes do; return its id."""
    claim = joined.claims.claim("cpu", "older")
    assert claim is not None
    job = trainer.job(joined.settings, claim.job_id, claim.attempt, lambda: None, lambda: None)
    job.recorder.started(job.training.environment())
    for costs in job.training.fit():
        job.recorder.epoch(costs, improved=job.training.best.improved(costs))
    job.recorder.succeed(StopReason.COMPLETED)
    job.database.close()
    return claim.job_id


def main(spec: str) -> None:
    """Do it."""
    joined: Any = base(Settings.from_env(), Intake(ModelSizes(summary, shapes)))
    found = {"knows": head(), "serves": check_schema(joined.database)}
    job = joined.jobs.submit(Submission(JobSpec.model_validate_json(spec), "local", {})).job
    print(json.dumps(found | {"submitted": job.id, "trained": [trained(joined), trained(joined)]}))
    joined.database.close()


if __name__ == "__main__":
    main(sys.argv[1])
