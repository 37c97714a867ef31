"""The tab Evaluation of a job: what its evaluation found, as tables and small drawings."""

from typing import Any

from api.parts import api, caller
from services.errors import NotFound
from services.jobs.job_views import JobView

SIZE = 200  #: of a calibration curve's square, in units of its drawing
MOST = 60  #: columns whose importance is shown
CURVES = 6


def evaluation(job: JobView) -> dict[str, Any]:
    """Return what the template shows; `missing` says why there is nothing."""
    try:
        _, found = api().base.jobs.evaluations.get(caller(), job.id)
    except NotFound as error:
        return {"evaluation": None, "missing": error.detail}
    report = found.report
    importance = report.get("importance")
    shown = importance["columns"][:MOST] if importance else []
    return {
        "evaluation": report,
        "checkpoint": found.checkpoint_id,
        "matrix": _matrix(report.get("confusion_matrix")),
        "curves": [_drawn(curve) for curve in (report.get("calibration") or [])[:CURVES]],
        "importance": importance,
        "columns_shown": shown,
        "largest": max([entry["mean"] for entry in shown if entry["mean"] > 0], default=1.0),
    }


def _matrix(found: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return each true class with its counts, its rows and how many of them were recognised."""
    if not found:
        return []
    return [
        {"name": name, "counts": counts, "rows": sum(counts), "right": counts[n], "place": n}
        for n, (name, counts) in enumerate(zip(found["classes"], found["data"], strict=True))
    ]


def _drawn(curve: dict[str, Any]) -> dict[str, Any]:
    """Return a calibration curve as the points of a polyline, its origin at the bottom left, and as a sentence."""
    places = [(SIZE * it["predicted"], SIZE * (1 - it["observed"])) for it in curve["points"]]
    worst = max(curve["points"], key=lambda it: abs(it["predicted"] - it["observed"]))
    sentence = (
        f"{curve['class']}: furthest off where the model says {worst['predicted']:.0%}: "
        f"it came true in {worst['observed']:.0%} of {worst['rows']} {'row' if worst['rows'] == 1 else 'rows'}."
    )
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return {"name": curve["class"], "points": points, "dots": places, "sentence": sentence, "bins": curve["points"]}
