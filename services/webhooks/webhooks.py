"""What users ask of webhooks: to make, read, test and remove them."""

from urllib.parse import urlsplit

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from services import ids
from services.db.engine import Database, now
from services.db.webhook_tables import Webhook, WebhookDelivery
from services.errors import Fault, InvalidRequest, NotFound
from services.settings import Network, Settings
from services.webhooks import addresses, event_bodies, signature
from services.webhooks.webhook_spec import WebhookSpec
from services.webhooks.webhook_views import DeliveryView, WebhookView

MOST = 100  #: webhooks of one owner
SHOWN = 20  #: deliveries of one webhook


class WebhookService:
    """The webhooks of owners."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database = database
        self.allowed: tuple[Network, ...] = settings.webhook_networks

    def add(self, owner: str, spec: WebhookSpec) -> tuple[WebhookView, str]:
        """Make a webhook, which is notified of what happens from now on; return it and its secret.

        Raises: InvalidRequest when its host is private or unknown, or there are too many.
        """
        self._check(spec.url)
        secret = spec.secret or signature.new_secret()
        with self.database.transaction() as session:
            if len(self._rows(session, owner)) >= MOST:
                raise InvalidRequest([Fault("#", "too_many", f"would be one more than {MOST} webhooks; delete one")])
            time = now(session)
            row = Webhook(
                id=ids.new("wh"), owner=owner, url=spec.url, events=spec.names, secret=secret, created_at=time
            )
            session.add(row)
        return _view(row, []), secret

    def get(self, owner: str, webhook_id: str) -> WebhookView:
        """Return a webhook with its last deliveries.

        Raises: NotFound.
        """
        with self.database.reading() as session:
            row = self._found(session, owner, webhook_id)
            query = select(WebhookDelivery).where(WebhookDelivery.webhook_id == row.id)
            newest = query.order_by(WebhookDelivery.created_at.desc(), WebhookDelivery.id).limit(SHOWN)
            return _view(row, [delivery_view(found) for found in session.scalars(newest)])

    def listing(self, owner: str) -> list[WebhookView]:
        """Return an owner's webhooks, newest first, without their deliveries."""
        with self.database.reading() as session:
            return [_view(row, []) for row in self._rows(session, owner)]

    def delete(self, owner: str, webhook_id: str) -> None:
        """Remove a webhook with all deliveries that it still waits for.

        Raises: NotFound.
        """
        with self.database.transaction() as session:
            self._found(session, owner, webhook_id)
            session.execute(delete(Webhook).where(Webhook.id == webhook_id))

    def test(self, owner: str, webhook_id: str) -> DeliveryView:
        """Tell a webhook that this is a test; return the delivery, which is tried within seconds.

        Raises: NotFound.
        """
        with self.database.transaction() as session:
            row = self._found(session, owner, webhook_id)
            time = now(session)
            body = event_bodies.text(
                {"type": event_bodies.TEST, "timestamp": time, "data": {"id": row.id, "object": "webhook"}}
            )
            delivery = WebhookDelivery(
                id=ids.new("msg"), webhook_id=row.id, type=event_bodies.TEST, body=body, next_at=time, created_at=time
            )
            row.disabled_at = None  # whoever asks for a test wants to be notified again
            session.add(delivery)
            session.flush()
            return delivery_view(delivery)

    def _check(self, url: str) -> None:
        parts = urlsplit(url)
        try:
            addresses.checked(str(parts.hostname), parts.port or 443, self.allowed)
        except addresses.Refused as error:
            hint = (
                "Give an address that the internet reaches, or ask the operator to allow its network: "
                "BATCHYARD_WEBHOOKS_PRIVATE=10.1.0.0/16"
            )
            raise InvalidRequest([Fault("#/url", "private_address", str(error), url[:80], hint=hint)]) from error
        except addresses.Unknown as error:
            hint = "Check the spelling; the server has to be able to look the name up."
            raise InvalidRequest([Fault("#/url", "unknown_host", str(error), url[:80], hint=hint)]) from error

    def _rows(self, session: Session, owner: str) -> list[Webhook]:
        query = select(Webhook).where(Webhook.owner == owner).order_by(Webhook.created_at.desc(), Webhook.id)
        return list(session.scalars(query))

    def _found(self, session: Session, owner: str, webhook_id: str) -> Webhook:
        row = session.scalar(select(Webhook).where(Webhook.owner == owner, Webhook.id == webhook_id))
        if row is None:
            raise NotFound(f"There is no webhook {webhook_id[:80]!r}.")
        return row


def delivery_view(row: WebhookDelivery) -> DeliveryView:
    """Return a copy of a delivery's row."""
    return DeliveryView(
        id=row.id,
        type=row.type,
        job_id=row.job_id,
        seq=row.seq,
        state=row.state,
        tries=row.tries,
        next_at=row.next_at if row.state == "waiting" else None,
        last_status=row.last_status,
        last_error=row.last_error,
        created_at=row.created_at,
        tried_at=row.tried_at,
    )


def _view(row: Webhook, deliveries: list[DeliveryView]) -> WebhookView:
    return WebhookView(row.id, row.url, row.events, row.created_at, row.disabled_at, deliveries)
