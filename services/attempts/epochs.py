"""What the database keeps of an epoch: its row, and its event."""

import math
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from services.attempts.work import Work
from services.costs import EpochCosts
from services.db.job_rows import ADD_EVENT
from services.db.tables import Epoch


def store(session: Session, work: Work, pending: list[tuple[EpochCosts, bool]], events_seq: int) -> None:
    """Insert the rows and the events of epochs, each with whether it is the best so far.

    `events_seq` is the number of the last of these events.
    """
    first = events_seq - len(pending) + 1
    rows, events = [], []
    for n, (costs, best) in enumerate(pending):
        metrics = metrics_of(costs)
        rows.append(
            {
                "job_id": work.job_id,
                "epoch": costs.epoch,
                "attempt": work.attempt,
                "train_cost": finite(costs.train_cost),
                "val_cost": finite(costs.val_cost),
                "metrics": {name: finite(value) for name, value in costs.metrics.items()},
                "lr": costs.lr,
                "seconds": costs.seconds,
                "rows_per_second": costs.rows_per_second,
                "best": best,
                "batch_costs": costs.batch_costs,
            }
        )
        numbers = {name: value for name, value in metrics.items() if isinstance(value, float)}
        words = " ".join(f"{name}={value:.6g}" for name, value in numbers.items())
        events.append(
            {
                "job_id": work.job_id,
                "seq": first + n,
                "type": "epoch",
                "level": "info",
                "message": f"epoch {costs.epoch} {words}",
                "data": {"epoch": costs.epoch, **metrics, "best": best},
            }
        )
    session.execute(insert(Epoch), rows)
    session.connection().execute(ADD_EVENT, events)


def metrics_of(costs: EpochCosts) -> dict[str, Any]:
    """Return the costs and metrics of an epoch by name."""
    found = {"train_cost": costs.train_cost, "val_cost": costs.val_cost, **costs.metrics}
    return {name: finite(value) for name, value in found.items()}


def finite(value: Any) -> Any:
    """Return a number that is finite, a table as it is, else None."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
