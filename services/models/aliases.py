"""Aliases of registered models: moved by compare and set, through a gate if one is asked for, with every move kept."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Protocol, Self

from pydantic import BaseModel, Field, model_validator
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from services.db import changes
from services.db.engine import Database, now
from services.db.model_tables import AliasMove, ModelAlias
from services.errors import Fault, InvalidRequest, NotFound, PreconditionFailed
from services.model_errors import GateRefused
from services.models import model_rows
from services.models.model_views import AliasView, MoveView, VersionView
from services.specs.schema.fields import STRICT, NotNegative

if TYPE_CHECKING:
    import numpy as np

HISTORY = 200  #: most moves that are shown


class NewVersion(BaseModel):
    """Which checkpoint to register."""

    model_config = STRICT

    job: Annotated[str, Field(max_length=200)]
    """A job by its id or name."""
    checkpoint: Annotated[str, Field(max_length=64)] = "best"
    """best, last, epoch:N or an id."""


class Move(BaseModel):
    """Where an alias should point."""

    model_config = STRICT

    version: Annotated[int, Field(ge=1, lt=2**31)]
    gate: bool = False
    """Refuse the move if the version is worse than the one the alias points to now, on rows that neither has seen."""
    margin: NotNegative = 0.0
    """How much higher the mean cost may be."""
    force: bool = False
    """Move the alias whatever the gate finds."""
    reason: Annotated[str, Field(min_length=1, max_length=1_000)] | None = None
    """Kept in the history; required with force."""

    @model_validator(mode="after")
    def _reasoned(self) -> Self:
        if self.force and not self.reason:
            raise ValueError("is required with force")
        return self


class Judge(Protocol):
    """Measures two versions on the same rows."""

    def costs(self, owner: str, champion: VersionView, challenger: VersionView) -> "tuple[np.ndarray, np.ndarray]":
        """Return each row's cost under both. Raises: InvalidRequest when there are no rows for it."""
        ...


@dataclass(frozen=True)
class Expected:
    """The ETags that the caller knows; None: any state will do."""

    revisions: set[int] | None


@dataclass(frozen=True)
class Called:
    """An alias of an owner's model."""

    owner: str
    name: str
    alias: str


@dataclass(frozen=True)
class Made:
    """A move of an alias, as its history keeps it."""

    from_version: int | None
    to_version: int | None
    reason: str | None = None
    forced: bool = False
    report: dict[str, Any] | None = None


class AliasService:
    """Moves aliases."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def get(self, owner: str, name: str, alias: str) -> AliasView:
        """Return an alias.

        Raises: NotFound.
        """
        with self.database.reading() as session:
            model_rows.model(session, owner, name)
            row = model_rows.alias_row(session, owner, name, alias)
            if row is None:
                known = [view.alias for view in model_rows.aliases(session, owner, name)]
                raise NotFound(f"Model {name} has no alias {alias[:80]!r}.", allowed=known[:50])
            return model_rows.alias_view(row)

    def history(self, owner: str, name: str, alias: str) -> list[MoveView]:
        """Return the moves of an alias, newest first, also of one that was deleted.

        Raises: NotFound.
        """
        mine = (AliasMove.owner == owner, AliasMove.name == name, AliasMove.alias == alias)
        with self.database.reading() as session:
            model_rows.model(session, owner, name)
            query = select(AliasMove).where(*mine).order_by(AliasMove.revision.desc()).limit(HISTORY)
            found = [
                MoveView(
                    row.revision,
                    row.from_version,
                    row.to_version,
                    row.reason,
                    row.forced,
                    row.report,
                    row.created_at,
                )
                for row in session.scalars(query)
            ]
        if not found:
            raise NotFound(f"Model {name} has never had an alias {alias[:80]!r}.")
        return found

    def move(self, owner: str, name: str, alias: str, wanted: Move, *, expected: Expected, judge: Judge) -> AliasView:
        """Point an alias to a version, creating the alias if needed. A move to where it points changes nothing.

        Raises: NotFound; InvalidRequest when there is no such version, or no rows for the gate; PreconditionFailed
        when the alias is not as expected, or was moved while the gate measured; GateRefused.
        """
        with self.database.reading() as session:
            model_rows.model(session, owner, name)
            challenger = _known(session, owner, name, wanted.version)
            row = model_rows.alias_row(session, owner, name, alias)
            _check(alias, row.revision if row else None, expected)
            before = row.revision if row else None
            champion = model_rows.version(session, owner, name, row.version) if row else None
        report = None
        if wanted.gate and champion is not None and champion.version != challenger.version:
            report = _measured(judge, owner, champion, challenger, wanted.margin)
            if not report["passed"] and not wanted.force:
                detail = (
                    f"Version {challenger.version} costs more than {champion.version}: the 95% interval of the "
                    f"difference, {report['interval'][0]:.4g} to {report['interval'][1]:.4g}, "
                    f"lies above {wanted.margin:g}."
                )
                raise GateRefused(detail, report=report)
        with self.database.transaction() as session:
            model_rows.model(session, owner, name, lock=True)
            _known(session, owner, name, wanted.version)
            row = model_rows.alias_row(session, owner, name, alias)
            _check(alias, row.revision if row else None, expected)
            if wanted.gate:  # what was measured is what is replaced
                _check(alias, row.revision if row else None, Expected({before} if before is not None else None))
            if row is None or row.version != wanted.version:
                row = _moved(session, Called(owner, name, alias), row, wanted, report)
            return model_rows.alias_view(row)

    def delete(self, owner: str, name: str, alias: str, *, expected: Expected) -> None:
        """Delete an alias; its history stays.

        Raises: NotFound; PreconditionFailed.
        """
        with self.database.transaction() as session:
            model_rows.model(session, owner, name, lock=True)
            row = model_rows.alias_row(session, owner, name, alias)
            if row is None:
                raise NotFound(f"Model {name} has no alias {alias[:80]!r}.")
            _check(alias, row.revision, expected)
            _remember(session, Called(owner, name, alias), Made(row.version, None))
            mine = (ModelAlias.owner == owner, ModelAlias.name == name, ModelAlias.alias == alias)
            session.execute(delete(ModelAlias).where(*mine))
            changes.note(session, owner, name)


def _measured(
    judge: Judge, owner: str, champion: VersionView, challenger: VersionView, margin: float
) -> dict[str, Any]:
    from services.models.gate import compare  # numpy, which nothing else here needs

    costs = judge.costs(owner, champion, challenger)
    return {"champion": champion.version, "challenger": challenger.version, **compare(*costs, margin=margin)}


def _known(session: Session, owner: str, name: str, number: int) -> VersionView:
    try:
        return model_rows.version(session, owner, name, number)
    except NotFound as error:
        raise InvalidRequest([Fault("#/version", "unknown_value", error.detail, number)]) from None


def _check(alias: str, revision: int | None, expected: Expected) -> None:
    if expected.revisions is not None and revision not in expected.revisions:
        etag = None if revision is None else f'"{revision}"'
        words = "does not exist" if revision is None else f"has the ETag {etag}"
        raise PreconditionFailed(f"The alias {alias} {words}. Read it again.", etag=etag)


def _moved(
    session: Session, called: Called, row: ModelAlias | None, wanted: Move, report: dict[str, Any] | None
) -> ModelAlias:
    made = Made(row.version if row else None, wanted.version, wanted.reason, wanted.force, report)
    revision = _remember(session, called, made)
    time = now(session)
    if row is None:
        row = ModelAlias(**vars(called), version=wanted.version, revision=revision, updated_at=time)
        session.add(row)
    row.version, row.revision, row.updated_at = wanted.version, revision, time
    session.flush()
    changes.note(session, called.owner, called.name)
    return row


def _remember(session: Session, called: Called, made: Made) -> int:
    mine = (AliasMove.owner == called.owner, AliasMove.name == called.name, AliasMove.alias == called.alias)
    revision = 1 + int(session.scalar(select(func.max(AliasMove.revision)).where(*mine)) or 0)
    session.add(AliasMove(**vars(called), **vars(made), revision=revision, created_at=now(session)))
    return revision
