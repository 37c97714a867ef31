"""Webhooks are told every event, whatever breaks, on both databases."""

import ipaddress
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select, update

from services.db import job_rows
from services.db.engine import now
from services.db.webhook_tables import WebhookDelivery
from services.webhooks import signature
from services.webhooks.delivery import PAUSES_S, Delivery
from services.webhooks.outbox import Outbox
from services.webhooks.sender import Outcome, post
from services.webhooks.webhook_spec import WebhookSpec
from services.webhooks.webhook_views import DeliveryView
from services.webhooks.webhooks import WebhookService
from services.wiring.base import Base
from tests.make import make_job, train
from tests.receiver import Receiver, receiver

HERE = (ipaddress.ip_network("127.0.0.0/8"),)
patient = partial(post, timeout_s=60.0)


@pytest.fixture
def there() -> Iterator[Receiver]:
    """A receiver."""
    with receiver() as found:
        yield found


@pytest.fixture
def hooks(joined: Base) -> WebhookService:
    """The webhooks, which may reach this machine."""
    return WebhookService(joined.database, replace(joined.settings, webhooks_private="127.0.0.0/8"))


@pytest.fixture
def delivering(joined: Base) -> Delivery:
    """Sends, and waits for an answer as long as it takes."""
    return Delivery(joined.database, HERE, patient)


def add(hooks: WebhookService, url: str, events: Any = "*", owner: str = "local") -> tuple[str, str]:
    """Make a webhook; return its id and secret."""
    view, secret = hooks.add(owner, WebhookSpec(url=url, events=events))
    return view.id, secret


def given(joined: Base, hook: str) -> list[tuple[str, int]]:
    """Return job and number of all that a webhook was given."""
    with joined.database.reading() as session:
        query = select(WebhookDelivery.job_id, WebhookDelivery.seq).where(WebhookDelivery.webhook_id == hook)
        return [(str(row.job_id), int(row.seq)) for row in session.execute(query)]


def happened(joined: Base, *jobs: str) -> list[tuple[str, int]]:
    """Return job and number of every event."""
    return [(job, event.seq) for job in jobs for event in joined.jobs.lookup.events("local", job, limit=1_000)]


def make_due(joined: Base) -> None:
    """Let the pauses and leases be over."""
    with joined.database.transaction() as session:
        session.execute(update(WebhookDelivery).values(next_at=now(session) - timedelta(seconds=1)))


def tell_all(telling: Outbox, delivering: Delivery) -> None:
    """Give out and send all that is due."""
    while telling.look():
        pass
    for hook in delivering.due():
        while delivering.deliver(hook):
            pass


def only(hooks: WebhookService, hook: str) -> DeliveryView:
    """Return a webhook's one delivery."""
    [found] = hooks.get("local", hook).deliveries
    return found


def test_two_that_look_at_once_give_every_event_once_while_a_job_trains(joined: Base, hooks: WebhookService) -> None:
    hook, _ = add(hooks, "http://127.0.0.1:9/")
    over = threading.Event()

    def look() -> None:
        telling = Outbox(joined.database)
        while not over.is_set():
            telling.look()

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    jobs = []
    for _ in range(3):
        jobs.append(make_job(joined, epochs=40).id)
        train(joined, jobs[-1])
    over.set()
    for thread in threads:
        thread.join()
    while Outbox(joined.database).look():
        pass

    assert sorted(given(joined, hook)) == sorted(happened(joined, *jobs))


def test_an_event_that_is_committed_after_a_later_one_was_told_is_told(joined: Base, hooks: WebhookService) -> None:
    if joined.database.is_sqlite:
        pytest.skip("SQLite writes one transaction at a time")
    hook, _ = add(hooks, "http://127.0.0.1:9/")
    slow, fast = make_job(joined).id, make_job(joined).id
    telling = Outbox(joined.database)
    with joined.database.transaction() as session:
        job_rows.add_event(session, slow, "changed", "written first, committed last", {})
        with joined.database.transaction() as other:
            job_rows.add_event(other, fast, "changed", "written and committed meanwhile", {})
        telling.look()
        before = given(joined, hook)
    telling.look()

    assert sorted(before) == [(fast, 1), (fast, 2)]
    assert sorted(given(joined, hook)) == sorted(happened(joined, slow, fast))


def test_what_was_before_a_webhook_is_not_told(joined: Base, hooks: WebhookService) -> None:
    job = make_job(joined).id
    hook, _ = add(hooks, "http://127.0.0.1:9/")
    joined.jobs.commands.cancel("local", job)
    while Outbox(joined.database).look():
        pass

    assert given(joined, hook) == [(job, 2)]


def test_a_webhook_is_told_what_it_asked_for_of_its_owners_jobs(joined: Base, hooks: WebhookService) -> None:
    ends, _ = add(hooks, "http://127.0.0.1:9/", ["job.cancelled", "job.failed"])
    strange, _ = add(hooks, "http://127.0.0.1:9/", owner="other")
    job = make_job(joined).id
    joined.jobs.commands.cancel("local", job)
    while Outbox(joined.database).look():
        pass

    assert given(joined, ends) == [(job, 2)]
    assert given(joined, strange) == []


def test_a_receiver_that_fails_in_every_way_is_told_in_the_end_with_one_id(
    joined: Base, hooks: WebhookService, there: Receiver
) -> None:
    def tried(*request: Any) -> Outcome:
        never = there.answers[:1] in (["hang"], ["drip"])
        return post(*request, timeout_s=0.5 if never else 60.0)

    delivering = Delivery(joined.database, HERE, tried)
    hook, secret = add(hooks, there.url, ["job.queued"])
    job = make_job(joined).id
    there.answers = [500, "hang", "drip", "break", 302]
    telling = Outbox(joined.database)
    errors = []
    for _ in range(6):
        tell_all(telling, delivering)
        errors.append(only(hooks, hook).last_error or "")
        make_due(joined)
    tell_all(telling, delivering)

    found = only(hooks, hook)
    assert (found.state, found.tries, found.last_status, found.next_at) == ("delivered", 6, 200, None)
    assert [error.split(";")[0].split(":")[0] for error in errors] == [
        "answered 500",
        "no answer within 0 s",
        "no answer within 0 s",
        "it answered with something that is not HTTP",
        "answered 302",
        "",
    ]
    assert there.told() == [(found.id, job, 1)] * 6
    assert len({body for _, body in there.got}) == 1
    headers, body = there.got[-1]
    said = signature.headers(secret, found.id, int(headers["webhook-timestamp"]), body)
    assert said.items() <= headers.items()
    assert json.loads(body)["type"] == "job.queued"


def test_a_try_that_dies_after_it_was_sent_is_made_again_with_its_id(
    joined: Base, hooks: WebhookService, delivering: Delivery, there: Receiver
) -> None:
    hook, _ = add(hooks, there.url, ["job.queued"])
    make_job(joined)
    Outbox(joined.database).look()

    def dies(*request: Any) -> Outcome:
        patient(*request)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Delivery(joined.database, HERE, dies).deliver(hook)
    assert not delivering.deliver(hook)  # nobody else tries it while somebody may
    make_due(joined)
    assert delivering.deliver(hook)

    assert [message_id for message_id, _, _ in there.told()] == [only(hooks, hook).id] * 2


def test_a_receiver_that_never_takes_it_is_given_up(joined: Base, hooks: WebhookService, there: Receiver) -> None:
    hook, _ = add(hooks, there.url, ["job.queued"])
    make_job(joined)
    delivering = Delivery(joined.database, HERE, lambda *_: Outcome(503, "answered 503"))
    for _ in range(len(PAUSES_S) + 3):
        make_due(joined)
        tell_all(Outbox(joined.database), delivering)

    found = only(hooks, hook)
    assert (found.state, found.tries, found.last_error) == ("given_up", 1 + len(PAUSES_S), "answered 503")


def test_a_receiver_that_is_gone_is_told_nothing_more_until_it_is_tested(
    joined: Base, hooks: WebhookService, delivering: Delivery, there: Receiver
) -> None:
    hook, _ = add(hooks, there.url, ["job.queued"])
    make_job(joined)
    there.answers = [410]
    tell_all(Outbox(joined.database), delivering)
    make_job(joined)
    tell_all(Outbox(joined.database), delivering)
    disabled = hooks.get("local", hook)
    hooks.test("local", hook)
    tell_all(Outbox(joined.database), delivering)

    assert disabled.disabled_at is not None
    assert [found.state for found in disabled.deliveries] == ["given_up"]
    assert [json.loads(body)["type"] for _, body in there.got] == ["job.queued", "webhook.test"]


def test_an_address_that_has_become_private_is_not_connected_to(
    joined: Base, hooks: WebhookService, there: Receiver
) -> None:
    hook, _ = add(hooks, there.url, ["job.queued"])
    make_job(joined)
    tell_all(Outbox(joined.database), Delivery(joined.database, (), patient))

    assert there.got == []
    assert "not a public address" in str(only(hooks, hook).last_error)


def test_what_waits_is_told_after_its_job_was_deleted(
    joined: Base, hooks: WebhookService, delivering: Delivery, there: Receiver
) -> None:
    add(hooks, there.url, ["job.cancelled"])
    job = make_job(joined).id
    joined.jobs.commands.cancel("local", job)
    Outbox(joined.database).look()
    joined.jobs.commands.delete("local", job)
    tell_all(Outbox(joined.database), delivering)

    assert [(found, seq) for _, found, seq in there.told()] == [(job, 2)]
