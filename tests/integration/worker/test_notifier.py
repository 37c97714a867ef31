"""A real dispatcher is killed while it tells a webhook, and the next one goes on."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace

from services.settings import PREFIX, Settings, child_environment
from services.webhooks.webhook_spec import WebhookSpec
from services.webhooks.webhooks import WebhookService
from services.wiring.base import Base
from tests.hold import until
from tests.integration.services.test_webhooks import given, happened, make_due
from tests.make import make_job, train
from tests.receiver import receiver


@contextmanager
def dispatcher(settings: Settings) -> Iterator[None]:
    """Run a dispatcher, and kill it at the end."""
    changed = {f.name: getattr(settings, f.name) for f in fields(settings) if getattr(settings, f.name) != f.default}
    environ = child_environment(**{PREFIX + name.upper(): str(value) for name, value in changed.items()})
    process = subprocess.Popen([sys.executable, "-m", "local.parts", "dispatcher"], env=environ)
    try:
        yield
    finally:
        process.kill()
        process.wait(timeout=30)


def test_a_dispatcher_that_is_killed_loses_no_event_and_changes_no_id(joined: Base, valkey: str) -> None:
    allowed = replace(joined.settings, redis_url=valkey, webhooks_private="127.0.0.0/8")
    with receiver() as there:
        there.pause_s = 0.02
        hook = WebhookService(joined.database, allowed).add("local", WebhookSpec(url=there.url))[0].id
        jobs = [make_job(joined, epochs=20).id for _ in range(2)]
        with dispatcher(allowed):
            train(joined, jobs[0])
            until(lambda: len(there.got) >= 10)
        train(joined, jobs[1])
        make_due(joined)
        everything = sorted(happened(joined, *jobs))
        with dispatcher(allowed):
            until(lambda: {(job, seq) for _, job, seq in there.told()} == set(everything))

        told = set(there.told())
    assert sorted(given(joined, hook)) == everything
    assert len({message_id for message_id, _, _ in told}) == len(told) == len(everything)
    assert len(there.got) <= len(everything) + 1  # what was on its way at the kill comes twice
