"""Celery's words on its connection become two lines; its other words stay."""

import logging

from structlog.testing import capture_logs

from worker.broker_log import BrokerLog


def record(level: int, said: str) -> logging.LogRecord:
    """Return a line as Celery writes it."""
    return logging.LogRecord("celery.worker.consumer.consumer", level, "", 0, said, (), None)


def test_a_connection_that_is_lost_and_back_is_two_lines() -> None:
    lost = "consumer: Connection to broker lost. Trying to re-establish the connection... (ConnectionError())"
    refused = "consumer: Cannot connect to redis://localhost//: Error 111.\nTrying again in 2.00 seconds... (3/None)\n"
    broker_log = BrokerLog()

    with capture_logs() as lines:
        written = [broker_log.filter(record(logging.INFO, "Connected to redis://localhost//"))]
        written += [broker_log.filter(record(logging.ERROR, said)) for said in (lost, refused, refused, refused)]
        written += [broker_log.filter(record(logging.INFO, "Connected to redis://localhost//")) for _ in range(2)]

    assert not any(written)
    assert [line["event"] for line in lines] == ["receiving nudges is interrupted", "receiving nudges has resumed"]


def test_what_is_about_something_else_stays() -> None:
    assert BrokerLog().filter(record(logging.ERROR, "Received unregistered task of type 'x'."))
    assert not BrokerLog().filter(record(logging.INFO, "ready."))
