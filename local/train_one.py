"""`make train-one SPEC=file.json`: one job in one process, without queue, worker and HTTP, for a debugger.

It is stored as any other job, in SQLite in a temporary folder, and trained by the same loop. An error is not caught.
"""

import argparse
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from services import log_lines
from services.db.schema import migrate
from services.errors import InvalidRequest
from services.jobs.submission import Submission
from services.settings import Settings
from services.specs.parse.parser import read
from services.specs.schema.job import JobSpec
from services.states import StopReason
from services.wiring import trainer
from services.wiring.api import Api

OWNER = "local"


def main() -> None:
    """Train the job of the file that the arguments name."""
    parser = argparse.ArgumentParser(prog="python -m local.train_one", description="Train one job in this process.")
    parser.add_argument("spec", type=Path, help="JSON, as it would be sent to POST /api/v1/jobs")
    with tempfile.TemporaryDirectory(prefix="batchyard-one-") as folder:
        settings = replace(Settings.from_env(), storage_dir=Path(folder), database_url="", storage_url="")
        log_lines.begin(settings)
        train(settings, parser.parse_args().spec.read_bytes())


def train(settings: Settings, body: bytes) -> None:
    """Submit a job, claim it, and train it here; print its costs.

    Raises: SystemExit that lists the faults of a spec; whatever its training raises.
    """
    with closing(Api(settings)) as api:
        base = api.base
        migrate(base.database)
        try:
            job = base.jobs.service.submit(Submission(read(JobSpec, body), OWNER, submitted={})).job
        except InvalidRequest as error:
            raise SystemExit("\n".join(f"{fault.pointer}: {fault.detail}" for fault in error.faults)) from error
        claim = base.queue.claims.claim(job.run.device, "here")
        assert claim is not None, "nothing else claims from this temporary database"
        claimed = trainer.job(settings, claim.job_id, claim.attempt, lambda: None, lambda: None)
        with closing(claimed.database):
            training, recorder = claimed.training, claimed.recorder
            recorder.started(training.environment())
            for costs in training.fit():
                val_cost = "" if costs.val_cost is None else f" val_cost={costs.val_cost:.6g}"
                print(f"epoch={costs.epoch} train_cost={costs.train_cost:.6g}{val_cost}", flush=True)
                recorder.epoch(costs, improved=training.best.improved(costs))
                if training.patience and training.patience.is_over(costs):
                    break
            recorder.succeed(StopReason.COMPLETED)
        done = base.jobs.lookup.get(OWNER, job.id)
        print(f"best_epoch={done.training.best.epoch} best_value={done.training.best.value}")


if __name__ == "__main__":
    main()
