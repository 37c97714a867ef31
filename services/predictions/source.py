"""Where predictions come from: jobs, registered models and their checkpoints in the database."""

import re
from typing import TYPE_CHECKING, Any

from services.db import changes
from services.errors import NotFound
from services.jobs import chosen
from services.jobs.chosen import Chosen
from services.predictions.resolution import Resolution
from services.predictions.target import Target

if TYPE_CHECKING:
    from services.attempts.checkpoints import CheckpointView
    from services.db.engine import Database
    from services.jobs.lookup import JobLookup
    from services.models.registry import ModelService

NUMBER = re.compile(r"\d{1,9}")
JOBS = 200  #: most jobs of the index


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
        meant = self._meant(owner, target)
        found = self._chosen(owner, meant)
        model: dict[str, Any] | None = None
        if meant.model is not None:
            model = {"name": meant.model, "version": found.version, "alias": meant.alias}
        names = {name.partition("@")[0] for name in (target.named, meant.model) if name} | {found.job_name}
        slots = sorted({changes.slot_of(owner, name) for name in names})
        seen = tuple((slot, counts[slot]) for slot in slots)
        checkpoint = found.checkpoint
        about = found.job_name, found.job_status, found.metric
        return Resolution(owner, target, checkpoint.job_id, *about, checkpoint, model, seen)

    def versions(self, owner: str, found: Resolution) -> list[str]:
        """Return the versions that there are of what answered, in the protocol's words."""
        if found.model is not None:
            return [str(view.version) for view in reversed(self.models.get(owner, found.model["name"]).versions)]
        epochs = {view.epoch for view in self.jobs.checkpoints(owner, found.job_id)}
        return [str(epoch) for epoch in sorted(epochs)]

    def index(self, owner: str) -> list[tuple[str, str]]:
        """Return names and versions: all that are registered, and the newest jobs that can answer."""
        registered = self.models.index(owner)
        return registered + [(job_id, str(epoch)) for job_id, epoch in self.jobs.answering(owner, JOBS)]

    def _chosen(self, owner: str, meant: Target) -> Chosen:
        """Return what answers.

        Raises: NotFound; NoCheckpointYet; NoCheckpoint.
        """
        with self.database.reading() as session:
            if meant.model is None:
                found = chosen.of_job(session, owner, meant.job or "", meant.checkpoint)
            else:
                found = chosen.of_model(session, owner, meant.model, meant.alias, meant.version)
        return found or self._searched(owner, meant)

    def _searched(self, owner: str, meant: Target) -> Chosen:
        version = None
        if meant.model is None:
            job, selector = self.jobs.usable(owner, meant.job or ""), meant.checkpoint
        else:
            registered = self.models.resolve(owner, meant.model, alias=meant.alias, version=meant.version)
            job, selector = self.jobs.get(owner, registered.job_id), registered.checkpoint_id
            version = registered.version
        checkpoint = self.jobs.checkpoint(owner, job.id, selector)
        return Chosen(checkpoint, job.name, job.status, str(job.spec["monitor"]["metric"]), version)

    def _meant(self, owner: str, target: Target) -> Target:
        """Return a target that says whether it is a model or a job.

        Raises: NotFound.
        """
        if target.named is None:
            return target
        name, _, alias = target.named.partition("@")
        said = target.checkpoint
        number = int(said) if NUMBER.fullmatch(said) else None
        if self.models.exists(owner, name):
            if said and number is None:
                raise NotFound(f"Model {name} has no version {said[:80]!r}.")
            if number is not None:
                return Target(model=name, version=number)
            return Target(model=name, alias=alias or None)
        if alias:
            raise NotFound(f"There is no model {name[:80]!r}.")
        return Target(job=name, checkpoint=f"epoch:{number}" if number is not None else said or "best")

    def content(self, checkpoint: "CheckpointView") -> bytes:
        """Return a checkpoint's bytes, verified.

        Raises: NotFound when it was replaced meanwhile; CheckpointCorrupt.
        """
        return self.jobs.content(checkpoint)
