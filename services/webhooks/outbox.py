"""Gives each webhook the events that it wants: from the one event log to a row for each delivery, exactly once.

A job's events are numbered under the lock of its row, so they commit in the order of their numbers and none appears
later below one that was seen; there is no such order over all jobs. So each job carries the number that its webhooks
were given, and a partial index holds just the jobs that have newer ones. Whoever writes events knows nothing of this.
"""

from collections.abc import Sequence

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from services import ids
from services.db.engine import Database, now
from services.db.tables import Event, Job
from services.db.webhook_tables import Webhook, WebhookDelivery
from services.webhooks import event_bodies

JOBS = 1_000  #: most jobs of one transaction
LOUD = 100  #: most of them that have something to tell
EVENTS = 500  #: most events of one job in it


class Outbox:
    """Moves on in the event log. Several at once are harmless: a job that one holds is left out by the others."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def look(self) -> bool:
        """Give out what is new of some jobs; return whether there was any.

        Raises: NotReady; StorageFull.
        """
        unnotified = Job.owner.in_(select(Webhook.owner)), Job.events_seq > Job.notified_seq
        with self.database.reading() as session:
            if session.scalar(select(Job.id).where(*unnotified).limit(1)) is None:
                return False
        with self.database.transaction() as session:
            held = select(Job.id).where(*unnotified).limit(JOBS).with_for_update(skip_locked=True)
            jobs = session.scalars(held).all()
            # After the jobs are held, so that whoever saw that a webhook was created misses nothing that came later;
            # held too, so that none is deleted before its rows are written.
            active = select(Webhook).where(Webhook.disabled_at.is_(None))
            hooks = session.scalars(active.with_for_update(read=True, key_share=True)).all()
            loud = self._loud(session, jobs, hooks)
            quiet = update(Job).where(Job.id.in_(set(jobs) - loud)).values(notified_seq=Job.events_seq)
            session.execute(quiet, execution_options={"synchronize_session": False})
            for job in session.scalars(select(Job).where(Job.id.in_(sorted(loud)[:LOUD]))).all():
                self._give(session, job, [hook for hook in hooks if hook.owner == job.owner])
        return bool(jobs)

    def _loud(self, session: Session, jobs: Sequence[str], hooks: Sequence[Webhook]) -> set[str]:
        """Return the jobs to which something happened since the oldest webhook was made: few, after the first look."""
        if not hooks:
            return set()
        begin = min(hook.created_at for hook in hooks)
        news = exists().where(Event.job_id == Job.id, Event.seq > Job.notified_seq, Event.created_at >= begin)
        return set(session.scalars(select(Job.id).where(Job.id.in_(jobs), news)))

    def _give(self, session: Session, job: Job, hooks: list[Webhook]) -> None:
        if not hooks:
            job.notified_seq = job.events_seq
            return
        begin = min(hook.created_at for hook in hooks)
        query = select(Event).where(Event.job_id == job.id, Event.seq > job.notified_seq, Event.created_at >= begin)
        found = session.scalars(query.order_by(Event.seq).limit(EVENTS)).all()
        time = now(session)
        for event in found:
            kind, body = event_bodies.type_of(event), event_bodies.body_of(job, event)
            for hook in hooks:
                if event_bodies.wants(hook.events, kind) and event.created_at >= hook.created_at:
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
        job.notified_seq = found[-1].seq if len(found) == EVENTS else job.events_seq
