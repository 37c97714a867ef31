"""The curves of a job as they are drawn: few enough points, extremes kept, gaps marked, and a sentence for each."""

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

from sqlalchemy import select

from services.db.engine import Database
from services.db.tables import Epoch
from services.jobs.epoch_columns import columns_of, is_measured
from services.jobs.job_views import JobView
from services.jobs.lookup import JobLookup
from services.specs.schema.metrics import TABLES

MAX_POINTS = 1_500  #: of one line
MAX_GAPS = 200  #: epochs without a finite value that are marked
OWN_COLUMNS = {"train_cost", "val_cost", "lr"}  #: of an epoch's row; the others are among its metrics
COSTS = ("train_cost", "val_cost", "train_eval_cost")

Value = float | None  #: NaN: not finite; None: not measured in that epoch


@dataclass(frozen=True)
class Chart:
    """Lines over the same epochs."""

    name: str
    epochs: list[int]
    lines: dict[str, list[Value]]
    gaps: list[int]  #: epochs in which a value was not finite
    recorded: int  #: epochs, before they were thinned out
    sentence: str  #: what the lines do
    seconds: list[float] = field(default_factory=list)  #: trained at the end of each epoch, where it is known


class JobCurves:
    """Reads the curves of one owner's jobs."""

    def __init__(self, database: Database, lookup: JobLookup) -> None:
        self.database = database
        self.lookup = lookup

    def charts(self, owner: str, job_id: str, *, max_points: int = MAX_POINTS) -> list[Chart]:
        """Return the chart of the costs, one for each metric, and that of the learning rate.

        Raises: NotFound.
        """
        job = self.lookup.get(owner, job_id)
        columns = (Epoch.epoch, Epoch.train_cost, Epoch.val_cost, Epoch.lr, Epoch.seconds, Epoch.metrics)
        with self.database.reading() as session:
            # Rows, not objects: of 10,000 epochs those would take most of the time.
            found = session.execute(select(*columns).where(Epoch.job_id == job.id).order_by(Epoch.epoch)).all()
        epochs = [row.epoch for row in found]
        measured = [is_measured(job, epoch) for epoch in epochs]

        def line(name: str) -> list[Value]:
            values = [getattr(r, name) for r in found] if name in OWN_COLUMNS else [r.metrics.get(name) for r in found]
            if name in {"train_cost", "lr"}:
                return [_value(value) for value in values]
            return [_value(value) if is_there else None for value, is_there in zip(values, measured, strict=True)]

        best_epoch = job.training.best.epoch
        best = [best_epoch - 1] if best_epoch and best_epoch <= len(epochs) else []
        charts = [
            chart(title, epochs, {name: line(name) for name in names}, most=max_points, keep=best)
            for title, names in _groups(job)
        ]
        trained = dict(zip(epochs, accumulate(row.seconds or 0.0 for row in found), strict=True))
        return [replace(one, seconds=[trained[epoch] for epoch in one.epochs]) for one in charts]


def chart(
    name: str, epochs: list[int], lines: dict[str, list[Value]], *, most: int = MAX_POINTS, keep: Iterable[int] = ()
) -> Chart:
    """Return a chart of lines, thinned out to at most so many epochs; those at the places `keep` stay."""
    kept = thinned(list(lines.values()), most, keep)
    gaps = [epochs[n] for n in _gaps(lines.values())]
    return Chart(
        name=name,
        epochs=[epochs[n] for n in kept],
        lines={title: [values[n] for n in kept] for title, values in lines.items()},
        gaps=gaps[:MAX_GAPS],
        recorded=len(epochs),
        sentence=sentence(epochs, lines),
    )


def thinned(lines: Sequence[Sequence[Value]], most: int, keep: Iterable[int] = ()) -> list[int]:
    """Return the places that are drawn: of each piece of the curve the least and the largest value of each line.

    The first and the last place stay, those in `keep`, and of each piece the first that is not finite, so that
    neither a peak nor a gap is lost.
    """
    count = len(lines[0]) if lines else 0
    if count <= most:
        return list(range(count))
    kept = {0, count - 1, *keep}
    gaps = _gaps(lines)
    pieces = max(1, (most - len(kept)) // (2 * len(lines) + 1))
    for piece in range(pieces):
        places = range(piece * count // pieces, (piece + 1) * count // pieces)
        for values in lines:
            known = {n: value for n in places if (value := values[n]) is not None and math.isfinite(value)}
            if known:
                kept |= {min(known, key=known.__getitem__), max(known, key=known.__getitem__)}
        kept |= {n for n in gaps[bisect_left(gaps, places.start) :][:1] if n in places}
    return sorted(kept)


def sentence(epochs: list[int], lines: dict[str, list[Value]]) -> str:
    """Return in one sentence what lines do, for those who can't see them."""
    said = [words for name, values in lines.items() if (words := _shown(name, epochs, values))]
    bad = len(_gaps(lines.values()))
    if bad:
        said.append(f"{bad} {'epoch has' if bad == 1 else 'epochs have'} a value that is not finite")
    return f"{'; '.join(said)}." if said else "No epoch has been recorded yet."


def _shown(name: str, epochs: list[int], values: list[Value]) -> str:
    known = [(epoch, v) for epoch, v in zip(epochs, values, strict=True) if v is not None and math.isfinite(v)]
    if not known:
        return ""
    (first, begin), (last, end) = known[0], known[-1]
    if first == last:
        return f"{name} was {begin:.4g} in epoch {first}"
    verb = "stayed at" if begin == end else "fell" if end < begin else "rose"
    if verb == "stayed at":
        return f"{name} stayed at {begin:.4g} over {last - first + 1} epochs"
    low = min(known, key=lambda pair: pair[1])
    high = max(known, key=lambda pair: pair[1])
    turn = low if verb == "fell" else high
    words = f"{name} {verb} from {begin:.4g} to {end:.4g} over {last - first + 1} epochs"
    if turn[1] != end:
        words += f", {'lowest' if verb == 'fell' else 'highest'} {turn[1]:.4g} in epoch {turn[0]}"
    return words


def _groups(job: JobView) -> list[tuple[str, list[str]]]:
    columns = columns_of(job)
    groups = [("cost", [name for name in COSTS if name in columns])]
    for metric in job.spec["metrics"]:
        names = [name for name in (f"val_{metric}", f"train_{metric}") if name in columns]
        if names and metric not in TABLES:
            groups.append((metric, names))
    return [*groups, ("lr", ["lr"])]


def _value(value: object) -> float:
    if type(value) is float:  # nearly all are, and there are tens of thousands
        return value
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan


def _gaps(lines: Iterable[Sequence[Value]]) -> list[int]:
    """Return the places where a value is not finite, in order."""
    finite = math.isfinite
    # A sum is finite only if every value is; most lines have no gap, and need not be walked in Python.
    broken = [values for values in lines if not finite(sum(filter(None, values)))]
    return sorted({n for values in broken for n, value in enumerate(values) if value is not None and not finite(value)})
