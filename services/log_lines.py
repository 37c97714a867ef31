"""How every part of the server writes its log: one line an event, to be read by people or as JSON by programs."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

import structlog

from services.settings import Settings

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def begin(settings: Settings) -> None:
    """Set up the log of this process and of the processes that it forks."""
    as_json = settings.log_format == "json"
    shown: list[Any] = (
        [structlog.processors.EventRenamer("message"), structlog.processors.JSONRenderer(ensure_ascii=True)]
        if as_json
        else [_escaped, structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)]
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            *shown,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS.get(settings.log_level, logging.INFO)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if as_json:
        for handler in logging.getLogger().handlers:
            handler.setFormatter(JsonLine())


class JsonLine(logging.Formatter):
    """Writes what libraries log as our own events are written."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        told = {
            "message": record.getMessage(),
            "logger": record.name,
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
        }
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(told)


def _escaped(_logger: Any, _name: str, event: Any) -> Any:
    """Keep a user's text from forging a line or moving the terminal's cursor."""
    return {
        key: value.encode("unicode_escape").decode("ascii") if isinstance(value, str) and key != "exception" else value
        for key, value in event.items()
    }
