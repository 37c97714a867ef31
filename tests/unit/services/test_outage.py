"""A part that is away is said once when it goes and once when it is back."""

from structlog.testing import capture_logs

from services.outage import Outage


def test_however_often_it_is_asked_there_are_two_lines() -> None:
    outage = Outage("claiming jobs")
    with capture_logs() as lines:
        outage.ended()
        for _ in range(5):
            outage.began("Redis does not answer.")
        for _ in range(3):
            outage.ended()
        outage.began("Redis does not answer.")

    assert [(line["log_level"], line["event"]) for line in lines] == [
        ("warning", "claiming jobs is interrupted"),
        ("info", "claiming jobs has resumed"),
        ("warning", "claiming jobs is interrupted"),
    ]
