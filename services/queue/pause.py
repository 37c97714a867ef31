"""The pause of the whole queue: nothing that waits is started, for any owner or device; what runs goes on."""

from datetime import datetime

from sqlalchemy import delete, exists, select

from services.db.engine import Database, insert_for, now
from services.db.queue_tables import QueuePause

#: The condition of every query for what may start.
PAUSED = exists(select(QueuePause.id))
_ROW = 1


class QueuePauses:
    """Begins and ends the pause."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def begin(self) -> None:
        """Pause the queue; a pause that lasts already goes on since its beginning."""
        with self.database.transaction() as session:
            pause = insert_for(session)(QueuePause).values(id=_ROW, began_at=now(session))
            session.execute(pause.on_conflict_do_nothing())

    def end(self) -> None:
        """Let jobs start again; nothing happens if the queue is not paused."""
        with self.database.transaction() as session:
            session.execute(delete(QueuePause))

    def began_at(self) -> datetime | None:
        """Return since when the queue is paused; None: it is not."""
        with self.database.reading() as session:
            return session.scalar(select(QueuePause.began_at))
