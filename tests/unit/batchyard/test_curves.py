"""Curves as SVG: gaps where nothing is finite, few points, names as text."""

from xml.etree import ElementTree

from batchyard import curves


def test_a_cost_that_is_not_finite_is_a_gap() -> None:
    columns = {"epoch": [1, 2, 3, 4, 5], "train_cost": [1.0, 0.5, float("nan"), 0.4, 0.3]}

    found = ElementTree.fromstring(curves.svg(columns, ["train_cost"], title="t"))

    lines = [path for path in found.iter("{http://www.w3.org/2000/svg}path") if path.get("stroke-width")]
    assert len(lines) == 2


def test_a_long_curve_keeps_its_lowest_and_highest_point() -> None:
    points = [(float(n), 1.0) for n in range(10_000)]
    points[4321], points[8765] = (4321.0, 0.0), (8765.0, 9.0)

    kept = curves.thinned(points)

    assert len(kept) <= curves.MOST_POINTS
    assert {(4321.0, 0.0), (8765.0, 9.0)} <= set(kept)


def test_a_name_with_markup_is_text() -> None:
    html = curves.job_html({"id": "job_1", "name": "<img onerror=x>", "status": "failed", "error": {"message": "<b>"}})

    assert "<img" not in html
    assert "<b>" not in html.removeprefix("<div><b>")
