"""The bodies of answers about webhooks, as models."""

from datetime import datetime

from api.schemas import Answer


class WebhookBrief(Answer):
    """An address that is notified of what happens."""

    id: str
    object: str = "webhook"
    url: str
    events: list[str]
    created_at: datetime
    disabled_at: datetime | None
    """When its address said 410 Gone; a test sets it going again."""


class NewWebhook(WebhookBrief):
    """A webhook and the secret that signs what it is sent: shown this once."""

    secret: str


class Delivery(Answer):
    """One event that a webhook is notified of."""

    id: str
    """The `webhook-id` of every try."""
    type: str
    job: str | None
    seq: int | None
    state: str
    tries: int
    next_at: datetime | None
    last_status: int | None
    last_error: str | None
    created_at: datetime
    tried_at: datetime | None


class Webhook(WebhookBrief):
    """A webhook and its last deliveries, newest first."""

    deliveries: list[Delivery]
