"""What Celery says of its connection to Redis, as one line when it is lost and one when it is back."""

import logging

from services.outage import Outage

LOST = ("consumer: Connection to broker lost", "consumer: Cannot connect to")
BACK = "Connected to"
LOGGERS = ("celery.worker.consumer.consumer", "celery.worker.consumer.connection")


class BrokerLog(logging.Filter):
    """Lets through all that is not about the connection; of that, says what is news."""

    def __init__(self) -> None:
        super().__init__()
        self.outage = Outage("receiving nudges")

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether Celery's own line is written."""
        said = record.getMessage()
        if said.startswith(LOST):
            self.outage.began("Redis does not answer.")
            return False
        if said.startswith(BACK):
            self.outage.ended()
        return record.levelno >= logging.WARNING


def begin() -> None:
    """Let Celery's lines on its connection pass through one filter, and its advice on its settings through none."""
    broker_log = BrokerLog()
    for name in LOGGERS:
        logger = logging.getLogger(name)
        logger.setLevel(logging.INFO)  # that it is connected again is no warning
        logger.addFilter(broker_log)
    # Said each time that the connection is lost, of a setting set on purpose. Celery undoes filters of warnings.
    logging.getLogger("py.warnings").addFilter(lambda record: "CPendingDeprecationWarning" not in record.getMessage())
