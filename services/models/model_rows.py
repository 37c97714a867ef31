"""The statements about registered models. Each takes the session first and never commits."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.db.model_tables import ModelAlias, ModelVersion, RegisteredModel
from services.db.tables import Checkpoint
from services.errors import NotFound
from services.models.model_views import AliasView, VersionView
from services.specs.parse.faults import closest


def model(session: Session, owner: str, name: str, *, lock: bool = False) -> RegisteredModel:
    """Return a model's row; with `lock` nobody else changes the model until the transaction ends.

    Raises: NotFound with the closest name.
    """
    query = select(RegisteredModel).where(RegisteredModel.owner == owner, RegisteredModel.name == name)
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        names = session.scalars(select(RegisteredModel.name).where(RegisteredModel.owner == owner).limit(200))
        raise NotFound(f"There is no model {name[:80]!r}.", suggestion=closest(name, list(names)))
    return row


def versions(session: Session, owner: str, name: str) -> list[VersionView]:
    """Return a model's versions, newest first."""
    query = select(ModelVersion, Checkpoint).join(Checkpoint, Checkpoint.id == ModelVersion.checkpoint_id)
    rows = session.execute(
        query.where(ModelVersion.owner == owner, ModelVersion.name == name).order_by(ModelVersion.version.desc())
    )
    named: dict[int, list[str]] = {}
    for alias in aliases(session, owner, name):
        named.setdefault(alias.version, []).append(alias.alias)
    return [_version(row, checkpoint, named.get(row.version, [])) for row, checkpoint in rows]


def version(session: Session, owner: str, name: str, number: int) -> VersionView:
    """Return one version.

    Raises: NotFound naming the versions that there are.
    """
    query = select(ModelVersion, Checkpoint).join(Checkpoint, Checkpoint.id == ModelVersion.checkpoint_id)
    found = session.execute(
        query.where(ModelVersion.owner == owner, ModelVersion.name == name, ModelVersion.version == number)
    ).first()
    if found is None:
        model(session, owner, name)
        known = [view.version for view in versions(session, owner, name)]
        raise NotFound(f"Model {name} has no version {number}.", allowed=known[:50])
    named = [alias.alias for alias in aliases(session, owner, name) if alias.version == number]
    return _version(found[0], found[1], named)


def aliases(session: Session, owner: str, name: str) -> list[AliasView]:
    """Return a model's aliases by their names."""
    query = select(ModelAlias).where(ModelAlias.owner == owner, ModelAlias.name == name).order_by(ModelAlias.alias)
    return [alias_view(row) for row in session.scalars(query)]


def alias_row(session: Session, owner: str, name: str, alias: str) -> ModelAlias | None:
    """Return an alias' row."""
    return session.get(ModelAlias, (owner, name, alias))


def alias_view(row: ModelAlias) -> AliasView:
    """Return a copy of an alias' row."""
    return AliasView(row.name, row.alias, row.version, row.revision, row.updated_at)


def _version(row: ModelVersion, checkpoint: Checkpoint, named: list[str]) -> VersionView:
    return VersionView(
        name=row.name,
        version=row.version,
        job_id=row.job_id,
        checkpoint_id=row.checkpoint_id,
        epoch=checkpoint.epoch,
        metrics=checkpoint.metrics,
        weights_sha256=row.weights_sha256,
        aliases=named,
        created_at=row.created_at,
    )
