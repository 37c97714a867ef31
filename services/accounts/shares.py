"""What owners share: a data set, a job or a model, with another owner or with all, to read and to predict with."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, or_, select
from sqlalchemy.orm import Session

from services import ids
from services.accounts.keys import check_owner
from services.db import changes
from services.db.account_tables import Share
from services.db.engine import Database, insert_for, now
from services.db.model_tables import RegisteredModel
from services.db.tables import Dataset, Job
from services.errors import Fault, InvalidRequest, NotFound

ALL = "*"  #: stands for every owner
MOST = 10_000  #: of one owner
MOST_SHOWN = 500  #: of what others share


class Kind(StrEnum):
    """What can be shared."""

    DATASET = "dataset"
    JOB = "job"
    MODEL = "model"


#: Where the things are, and what they are shared by.
THINGS: dict[Kind, tuple[Any, Any]] = {
    Kind.DATASET: (Dataset.owner, Dataset.id),
    Kind.JOB: (Job.owner, Job.id),
    Kind.MODEL: (RegisteredModel.owner, RegisteredModel.name),
}


#: What people call them.
TITLES: dict[Kind, Any] = {Kind.DATASET: Dataset.name, Kind.JOB: Job.name, Kind.MODEL: RegisteredModel.name}


@dataclass(frozen=True)
class LentThing:
    """Something that another owner shares with a reader."""

    owner: str
    id: str  #: of a model its name
    name: str


@dataclass(frozen=True)
class ShareView:
    """Something of an owner that a reader may see."""

    id: str
    owner: str
    kind: str
    thing: str
    reader: str
    created_at: datetime


class Shares:
    """Who may read what of whom. Each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self.database = database
        #: The things that are shared with anybody. Most requests name none of them, and cost no look at the database.
        self.known: frozenset[tuple[str, str]] = frozenset()

    def add(self, owner: str, kind: Kind, thing: str, reader: str) -> tuple[ShareView, bool]:
        """Share a thing of an owner; return how, and False if it was shared so before.

        Raises: NotFound; InvalidRequest when the reader is the owner, or can't be called so.
        """
        if reader != ALL:
            check_owner(reader, "#/reader")
        if reader == owner:
            raise InvalidRequest(
                [Fault("#/reader", "invalid", "is yourself: you can already read what is yours", reader)]
            )
        with self.database.transaction() as session:
            whose, name = THINGS[kind]
            if session.scalar(select(name).where(whose == owner, name == thing)) is None:
                raise NotFound(f"There is no {'data set' if kind is Kind.DATASET else kind} {thing[:80]!r}.")
            mine = select(Share.id).where(Share.owner == owner)
            if len(session.scalars(mine.limit(MOST)).all()) >= MOST:
                raise InvalidRequest([Fault("#", "too_many", f"would be one more than {MOST} shares; remove some")])
            wanted = {"owner": owner, "kind": str(kind), "thing": thing, "reader": reader}
            row = wanted | {"id": ids.new("share"), "created_at": now(session)}
            session.execute(insert_for(session)(Share).values(row).on_conflict_do_nothing())
            changes.note_keys(session)
            session.flush()
            kept = session.scalars(select(Share).filter_by(**wanted)).one()
            found = _view(kept), kept.id == row["id"]
        self.reload()
        return found

    def listing(self, owner: str) -> list[ShareView]:
        """Return what an owner shares and what others share with this owner, newest first."""
        mine = or_(Share.owner == owner, _reads(owner))
        query = select(Share).where(mine, or_(*[(Share.kind == kind) & _is_there(kind) for kind in Kind]))
        with self.database.reading() as session:
            return [
                _view(row) for row in session.scalars(query.order_by(Share.created_at.desc(), Share.id).limit(MOST))
            ]

    def readers(self, owner: str, kind: Kind, thing: str) -> list[ShareView]:
        """Return with whom an owner shares a thing, by their names."""
        query = select(Share).where(Share.owner == owner, Share.kind == kind, Share.thing == thing)
        with self.database.reading() as session:
            return [_view(row) for row in session.scalars(query.order_by(Share.reader))]

    def lent_to(self, reader: str, kind: Kind) -> list[LentThing]:
        """Return what others share with a reader, by its name; what is shared with all and with the reader, once."""
        whose, name = THINGS[kind]
        title = TITLES[kind]
        query = select(Share.owner, Share.thing, title).join(
            whose.class_, (whose == Share.owner) & (name == Share.thing)
        )
        query = query.where(_reads(reader), Share.kind == kind).distinct().order_by(title, Share.owner, Share.thing)
        with self.database.reading() as session:
            return [LentThing(*row) for row in session.execute(query.limit(MOST_SHOWN))]

    def remove(self, owner: str, share_id: str) -> tuple[Kind, str]:
        """Share a thing no more; return what it is.

        Raises: NotFound.
        """
        with self.database.transaction() as session:
            gone = delete(Share).where(Share.owner == owner, Share.id == share_id).returning(Share.kind, Share.thing)
            found = session.execute(gone, execution_options={"synchronize_session": False}).first()
            if found is None:
                raise NotFound(f"There is no share {share_id[:80]!r}.")
            changes.note_keys(session)
        self.reload()
        return Kind(found.kind), found.thing

    def lender(self, reader: str, kind: Kind, thing: str) -> str | None:
        """Return whose thing a reader means who has none of that name, if it is shared with them and still there.

        Of models of one name that several owners share, the one that was shared first is meant.
        """
        if (kind, thing) not in self.known:
            return None
        with self.database.reading() as session:
            whose, name = THINGS[kind]
            if session.scalar(select(name).where(whose == reader, name == thing)) is not None:
                return None
            return session.scalar(_lenders(kind, thing, reader))

    def lenders(self, reader: str, kind: Kind, things: list[str]) -> dict[str, list[str]]:
        """Return which of these things others share with a reader, by their owners."""
        shared = [thing for thing in things if (kind, thing) in self.known]
        if not shared:
            return {}
        query = select(Share.owner, Share.thing).where(_reads(reader), Share.kind == kind, Share.thing.in_(shared))
        found: dict[str, list[str]] = {}
        with self.database.reading() as session:
            for row in session.execute(query.distinct()):
                found.setdefault(row.owner, []).append(row.thing)
        return found

    def reload(self) -> None:
        """Read what is shared with anybody.

        Raises: NotReady.
        """
        with self.database.reading() as session:
            self.known = _known(session)


def _lenders(kind: Kind, thing: str, reader: str) -> Select[str]:
    shared = select(Share.owner).where(_reads(reader), Share.kind == kind, Share.thing == thing, _is_there(kind))
    return shared.order_by(Share.created_at, Share.id).limit(1)


def _is_there(kind: Kind) -> ColumnElement[bool]:
    # What was deleted since leaves its shares behind: they mean nothing, as ids are never given again.
    whose, name = THINGS[kind]
    return select(name).where(whose == Share.owner, name == Share.thing).exists()


def _reads(reader: str) -> ColumnElement[bool]:
    return Share.reader.in_([reader, ALL]) & (Share.owner != reader)


def _known(session: Session) -> frozenset[tuple[str, str]]:
    return frozenset((row.kind, row.thing) for row in session.execute(select(Share.kind, Share.thing).distinct()))


def _view(row: Share) -> ShareView:
    return ShareView(row.id, row.owner, row.kind, row.thing, row.reader, row.created_at)
