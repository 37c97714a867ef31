"""Celery's process: hears nudges and forks the supervisors. Opens no database and starts no thread, so that a fork is
safe at any time: `python -m worker.celery_process SLOTS PARENT`.
"""

import os
import sys
import warnings

from celery.exceptions import SecurityWarning

from services import log_lines
from services.processes import die_with_parent
from services.settings import Settings
from worker import broker_log
from worker.app import connect_signals, make_app
from worker.slots import Slots

QUIET = ["--without-gossip", "--without-mingle", "--without-heartbeat"]


def main() -> None:
    """Be Celery's process of the worker that started us."""
    slots, parent = Slots.from_json(sys.argv[1]), int(sys.argv[2])
    die_with_parent(parent)
    os.set_blocking(slots.news, False)
    settings = Settings.from_env()
    log_lines.begin(settings)
    broker_log.begin()
    app = make_app(settings, slots)
    receivers = connect_signals(settings, slots)
    # As root, in a container without a user of its own, is the operator's choice.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    app.worker_main(["--quiet", "worker", "--loglevel", "WARNING", "--hostname", slots.worker, *QUIET])
    del receivers


if __name__ == "__main__":
    main()
