"""Where predictions come from: jobs, registered models and their checkpoints in the database."""

from typing import TYPE_CHECKING, Any

from services.db import changes
from services.predictions.resolution import Resolution
from services.predictions.target import Target

if TYPE_CHECKING:
    from services.attempts.checkpoints import CheckpointView
    from services.db.engine import Database
    from services.jobs.lookup import JobLookup
    from services.models.registry import ModelService


class Source:
    """Looks up what a target means. Every look is a few statements; nothing is kept here."""

    def __init__(self, database: "Database", jobs: "JobLookup", models: "ModelService") -> None:
        self.database = database
        self.jobs = jobs
        self.models = models

    def counters(self) -> list[int]:
        """Return the change counters.

        Raises: NotReady.
        """
        with self.database.reading() as session:
            return changes.read(session)

    def resolve(self, owner: str, target: Target, counts: list[int]) -> Resolution:
        """Return which checkpoint is meant; `counts` are the change counters as they were before.

        Raises: NotFound; NoCheckpointYet; NoCheckpoint.
        """
        model: dict[str, Any] | None = None
        if target.model is None:
            job, selector = self.jobs.usable(owner, target.job or ""), target.checkpoint
            names = {job.name}
        else:
            version = self.models.resolve(owner, target.model, alias=target.alias, version=target.version)
            model = {"name": version.name, "version": version.version, "alias": target.alias}
            job, selector = self.jobs.get(owner, version.job_id), version.checkpoint_id
            names = {target.model, job.name}
        chosen = self.jobs.checkpoint(owner, job.id, selector)
        slots = sorted({changes.slot_of(owner, name) for name in names})
        seen = tuple((slot, counts[slot]) for slot in slots)
        metric = str(job.spec["monitor"]["metric"])
        return Resolution(owner, target, job.id, job.name, job.status, metric, chosen, model, seen)

    def content(self, checkpoint: "CheckpointView") -> bytes:
        """Return a checkpoint's bytes, verified.

        Raises: NotFound when it was replaced meanwhile; CheckpointCorrupt.
        """
        return self.jobs.content(checkpoint)
