"""Registered models: names whose versions are checkpoints of jobs. Each method is one transaction."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update

from services.db import changes
from services.db.engine import Database, insert_for, now
from services.db.model_tables import ModelVersion, RegisteredModel
from services.db.tables import Checkpoint, Job
from services.errors import NotFound
from services.model_errors import VersionInUse
from services.models import model_rows
from services.models.model_views import ModelView, VersionView

if TYPE_CHECKING:
    from services.jobs.lookup import JobLookup

TRIES = 3  #: a running job may replace its best checkpoint while that is being registered


class ModelService:
    """Registers versions and looks them up. `digest` returns the digest of the weights in a checkpoint's bytes."""

    def __init__(self, database: Database, jobs: "JobLookup", digest: Callable[[bytes], str]) -> None:
        self.database = database
        self.jobs = jobs
        self.digest = digest

    def register(self, owner: str, name: str, job: str, checkpoint: str = "best") -> VersionView:
        """Register a checkpoint of a job as the next version of a model; the first one creates the model.

        Raises: NotFound; NoCheckpointYet; NoCheckpoint; CheckpointCorrupt.
        """
        for _ in range(TRIES):
            view = self.jobs.usable(owner, job)
            chosen = self.jobs.checkpoint(owner, view.id, checkpoint)
            try:
                sha256 = self.digest(self.jobs.content(chosen))
            except NotFound:
                continue
            with self.database.transaction() as session:
                # Its trainer removes checkpoints only after a write to this row, and so does whoever deletes the job.
                session.execute(select(Job.id).where(Job.id == view.id).with_for_update())
                if session.get(Checkpoint, chosen.id) is None:
                    continue
                time = now(session)
                fresh = {"owner": owner, "name": name, "last_version": 0, "created_at": time}
                session.execute(insert_for(session)(RegisteredModel).values(fresh).on_conflict_do_nothing())
                mine = (RegisteredModel.owner == owner, RegisteredModel.name == name)
                raised = update(RegisteredModel).where(*mine).values(last_version=RegisteredModel.last_version + 1)
                number = session.scalar(
                    raised.returning(RegisteredModel.last_version), execution_options={"synchronize_session": False}
                )
                session.add(
                    ModelVersion(
                        owner=owner,
                        name=name,
                        version=int(number or 0),
                        job_id=view.id,
                        checkpoint_id=chosen.id,
                        weights_sha256=sha256,
                        created_at=time,
                    )
                )
                changes.note(session, owner, name)
                session.flush()
                return model_rows.version(session, owner, name, int(number or 0))
        raise NotFound("The job replaces its checkpoints faster than one can be registered; try again.")

    def get(self, owner: str, name: str) -> ModelView:
        """Return a model with its versions and aliases.

        Raises: NotFound with the closest name.
        """
        with self.database.reading() as session:
            row = model_rows.model(session, owner, name)
            found = model_rows.versions(session, owner, name)
            return ModelView(row.name, row.created_at, found, model_rows.aliases(session, owner, name))

    def listing(self, owner: str, *, limit: int, after: str | None) -> tuple[list[ModelView], str | None]:
        """Return models by their names, and the name after which the next page begins."""
        query = select(RegisteredModel.name).where(RegisteredModel.owner == owner)
        if after is not None:
            query = query.where(RegisteredModel.name > after)
        with self.database.reading() as session:
            names = list(session.scalars(query.order_by(RegisteredModel.name).limit(limit + 1)))
        found = [self.get(owner, name) for name in names[:limit]]
        return found, names[limit - 1] if len(names) > limit else None

    def exists(self, owner: str, name: str) -> bool:
        """Return whether a name is registered and has a version."""
        mine = (ModelVersion.owner == owner, ModelVersion.name == name)
        with self.database.reading() as session:
            return session.scalar(select(ModelVersion.version).where(*mine).limit(1)) is not None

    def index(self, owner: str) -> list[tuple[str, str]]:
        """Return every name with each of its versions."""
        query = select(ModelVersion.name, ModelVersion.version).where(ModelVersion.owner == owner)
        with self.database.reading() as session:
            rows = session.execute(query.order_by(ModelVersion.name, ModelVersion.version))
            return [(row.name, str(row.version)) for row in rows]

    def resolve(self, owner: str, name: str, *, alias: str | None = None, version: int | None = None) -> VersionView:
        """Return the version that an alias or a number means; the newest when neither is said.

        Raises: NotFound.
        """
        with self.database.reading() as session:
            if alias is not None:
                row = model_rows.alias_row(session, owner, name, alias)
                if row is None:
                    model_rows.model(session, owner, name)
                    known = [view.alias for view in model_rows.aliases(session, owner, name)]
                    raise NotFound(f"Model {name} has no alias {alias[:80]!r}.", allowed=known[:50])
                version = row.version
            if version is None:
                mine = (ModelVersion.owner == owner, ModelVersion.name == name)
                version = session.scalar(select(func.max(ModelVersion.version)).where(*mine))
                if version is None:
                    model_rows.model(session, owner, name)
                    raise NotFound(f"Model {name} has no version.")
            return model_rows.version(session, owner, name, version)

    def delete_version(self, owner: str, name: str, number: int) -> None:
        """Delete a version; its number is never given again.

        Raises: NotFound; VersionInUse while an alias means it.
        """
        with self.database.transaction() as session:
            model_rows.model(session, owner, name, lock=True)
            found = model_rows.version(session, owner, name, number)
            if found.aliases:
                named = ", ".join(found.aliases[:20])
                detail = f"Version {number} of {name} is used by the aliases {named}: move or delete them."
                raise VersionInUse(detail, aliases=found.aliases[:20])
            mine = (ModelVersion.owner == owner, ModelVersion.name == name, ModelVersion.version == number)
            session.execute(delete(ModelVersion).where(*mine))
            changes.note(session, owner, name)
