"""What users see of webhooks."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class DeliveryView:
    """One event that a webhook is notified of, and how its delivery goes."""

    id: str
    type: str
    job_id: str | None
    seq: int | None
    state: str
    tries: int
    next_at: datetime | None  #: of the next try; None: there is none
    last_status: int | None
    last_error: str | None
    created_at: datetime
    tried_at: datetime | None


@dataclass(frozen=True)
class WebhookView:
    """An address that is notified."""

    id: str
    url: str
    events: list[str]
    created_at: datetime
    disabled_at: datetime | None
    deliveries: list[DeliveryView]
