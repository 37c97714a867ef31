"""How every part of the server writes its log: one readable line an event, control characters escaped."""

import logging
import sys
from typing import Any

import structlog

from services.settings import Settings

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def begin(settings: Settings) -> None:
    """Set up the log of this process and of the processes that it forks."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _escaped,
            structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS.get(settings.log_level, logging.INFO)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


def _escaped(_logger: Any, _name: str, event: Any) -> Any:
    """Keep a user's text from forging a line or moving the terminal's cursor."""
    return {
        key: value.encode("unicode_escape").decode("ascii") if isinstance(value, str) and key != "exception" else value
        for key, value in event.items()
    }
