"""Gives each webhook the events that it wants: from the one event log to a row for each delivery, exactly once.

A job's events are numbered under the lock of its row, so they commit in the order of their numbers and none appears
later below one that was seen; there is no such order over all jobs. So each job carries the number that its webhooks
were given, and a partial index holds just the jobs that have newer ones. Whoever writes events knows nothing of this.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from services import ids
from services.db.engine import Database, now
from services.db.tables import Event, Job
from services.db.webhook_tables import Webhook, WebhookDelivery
from services.webhooks import events

JOBS, EVENTS = 100, 500  #: most jobs of one transaction, most events of one job in it


class Telling:
    """Moves on in the event log. Several at once are harmless: a job that one holds is left out by the others."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def look(self) -> bool:
        """Give out what is new of some jobs; return whether there was any.

        Raises: NotReady; StorageFull.
        """
        owners = select(Webhook.owner)
        untold = select(Job).where(Job.owner.in_(owners), Job.events_seq > Job.told_seq).order_by(Job.id).limit(JOBS)
        with self.database.reading() as session:
            if session.scalar(untold.with_only_columns(Job.id).limit(1)) is None:
                return False
        with self.database.transaction() as session:
            jobs = session.scalars(untold.with_for_update(skip_locked=True)).all()
            # After the jobs are held, so that whoever was told that a webhook is made misses nothing that came later;
            # held too, so that none is deleted before its rows are written.
            query = select(Webhook).where(Webhook.owner.in_({job.owner for job in jobs}))
            hooks = session.scalars(query.with_for_update(read=True, key_share=True)).all()
            for job in jobs:
                self._give(session, job, [hook for hook in hooks if hook.owner == job.owner])
        return bool(jobs)

    def _give(self, session: Session, job: Job, hooks: list[Webhook]) -> None:
        hooks = [hook for hook in hooks if hook.disabled_at is None]
        if not hooks:
            job.told_seq = job.events_seq
            return
        begin = min(hook.created_at for hook in hooks)
        query = select(Event).where(Event.job_id == job.id, Event.seq > job.told_seq, Event.created_at >= begin)
        found = session.scalars(query.order_by(Event.seq).limit(EVENTS)).all()
        time = now(session)
        for event in found:
            kind, body = events.type_of(event), events.body_of(job, event)
            for hook in hooks:
                if events.wants(hook.events, kind) and event.created_at >= hook.created_at:
                    session.add(
                        WebhookDelivery(
                            id=ids.new("msg"),
                            webhook_id=hook.id,
                            job_id=job.id,
                            seq=event.seq,
                            type=kind,
                            body=body,
                            next_at=time,
                            created_at=time,
                        )
                    )
        job.told_seq = found[-1].seq if len(found) == EVENTS else job.events_seq
