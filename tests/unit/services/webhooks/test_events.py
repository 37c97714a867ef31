"""Every event that is written has a name among those that a webhook can ask for."""

import re
from pathlib import Path

from services.webhooks.event_bodies import TYPES

SERVICES = Path(__file__).parents[4] / "services"
#: Where an event's name stands in a call that writes one.
NAMED = re.compile(r'add_event\(\w+, [\w.]+, "(\w+)"|_let_go\(\w+, "(\w+)"|_settle\([^")]+, "(\w+)"')


def test_a_webhook_can_ask_for_every_event_by_name() -> None:
    texts = [path.read_text() for path in SERVICES.glob("**/*.py")]
    written = {name for text in texts for names in NAMED.findall(text) for name in names if name} - {"end"}

    assert {f"job.{name}" for name in written} | {"job.epoch"} <= set(TYPES)
    assert len(written) >= 7
