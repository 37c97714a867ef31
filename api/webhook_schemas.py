"""The bodies of answers about webhooks, as models."""

from datetime import datetime

from api.schemas import Answer


class WebhookBrief(Answer):
    """An address that events are sent to."""

    id: str
    object: str = "webhook"
    url: str
    events: list[str]
    created_at: datetime
    disabled_at: datetime | None
    """When its address answered 410 Gone; a test enables it again."""


class NewWebhook(WebhookBrief):
    """A webhook and the secret that signs its deliveries, shown only this once."""

    secret: str


class Delivery(Answer):
    """One event sent to a webhook."""

    id: str
    """The `webhook-id` of every attempt."""
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
