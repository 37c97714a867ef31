"""Sends what waits to be delivered: tried, tried again with growing pauses, and given up in the end."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import delete, select, update

from services.db.engine import Database, now
from services.db.webhook_tables import Webhook, WebhookDelivery
from services.settings import Network
from services.webhooks import signature
from services.webhooks.sender import Outcome, post

log = structlog.get_logger()

#: Pauses between the tries. Source: standardwebhooks.com, "Deliverability and reliability", without its last, of a day
PAUSES_S = (5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0)
LEASE_S = 60.0  #: for so long nobody else tries what somebody tries; more than a look-up and a request take
KEEP_S = 7 * 86_400.0  #: how long what is over is shown
GONE = 410

Send = Callable[[str, bytes, dict[str, str], Sequence[Network]], Outcome]


@dataclass(frozen=True)
class Try:
    """One try of a delivery; its number is the fence."""

    id: str
    number: int
    url: str
    secret: str
    body: str
    timestamp: int


class Delivery:
    """Takes deliveries one by one. Several at once are harmless, and a try that dies is made again, with its id."""

    def __init__(self, database: Database, allowed: Sequence[Network], send: Send = post) -> None:
        self.database = database
        self.allowed = allowed
        self.send = send

    def due(self) -> list[str]:
        """Return the webhooks that something waits for, the longest wait first."""
        with self.database.reading() as session:
            query = (
                select(WebhookDelivery.webhook_id, WebhookDelivery.next_at)
                .join(Webhook, Webhook.id == WebhookDelivery.webhook_id)
                .where(WebhookDelivery.state == "waiting", WebhookDelivery.next_at <= now(session))
                .where(Webhook.disabled_at.is_(None))
                .order_by(WebhookDelivery.next_at)
                .limit(1_000)
            )
            return list(dict.fromkeys(row.webhook_id for row in session.execute(query)))

    def deliver(self, webhook_id: str) -> bool:
        """Try the delivery that waits longest; return whether the next may follow at once.

        Raises: NotReady; StorageFull. What was sent then is sent again when the lease is over.
        """
        tried = self._claim(webhook_id)
        if tried is None:
            return False
        body = tried.body.encode()
        outcome = self.send(
            tried.url, body, signature.headers(tried.secret, tried.id, tried.timestamp, body), self.allowed
        )
        self._settle(webhook_id, tried, outcome)
        return outcome.taken

    def forget(self) -> None:
        """Forget the deliveries that were over a week ago."""
        with self.database.transaction() as session:
            oldest = now(session) - timedelta(seconds=KEEP_S)
            over = WebhookDelivery.state != "waiting", WebhookDelivery.created_at < oldest
            session.execute(delete(WebhookDelivery).where(*over))

    def _claim(self, webhook_id: str) -> Try | None:
        with self.database.transaction() as session:
            time = now(session)
            query = (
                select(WebhookDelivery, Webhook)
                .join(Webhook, Webhook.id == WebhookDelivery.webhook_id)
                .where(WebhookDelivery.webhook_id == webhook_id, WebhookDelivery.state == "waiting")
                .where(WebhookDelivery.next_at <= time, Webhook.disabled_at.is_(None))
                .order_by(WebhookDelivery.next_at, WebhookDelivery.job_id, WebhookDelivery.seq)
                .limit(1)
                .with_for_update(of=WebhookDelivery, skip_locked=True)
            )
            found = session.execute(query).first()
            if found is None:
                return None
            row, hook = found
            row.tries += 1
            row.tried_at = time
            row.next_at = time + timedelta(seconds=LEASE_S)
            return Try(row.id, row.tries, hook.url, hook.secret, row.body, int(time.timestamp()))

    def _settle(self, webhook_id: str, tried: Try, outcome: Outcome) -> None:
        state = "delivered" if outcome.taken else "waiting"
        if not outcome.taken and (tried.number > len(PAUSES_S) or outcome.status == GONE):
            state = "given_up"
            log.warning("a webhook could not be notified", webhook=webhook_id, delivery=tried.id, error=outcome.error)
        with self.database.transaction() as session:
            time = now(session)
            columns: dict[str, Any] = {"state": state, "last_status": outcome.status, "last_error": outcome.error}
            if state == "waiting":
                # Jitter, so that what failed together does not come back together. No secret depends on it.
                pause = PAUSES_S[tried.number - 1] * random.uniform(1.0, 1.2)
                columns |= {"next_at": time + timedelta(seconds=pause)}
            if outcome.status == GONE:  # before the delivery's row, as a deletion goes
                session.execute(update(Webhook).where(Webhook.id == webhook_id).values(disabled_at=time))
            own = WebhookDelivery.id == tried.id, WebhookDelivery.tries == tried.number
            session.execute(update(WebhookDelivery).where(*own, WebhookDelivery.state == "waiting").values(**columns))
