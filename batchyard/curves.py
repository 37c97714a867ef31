"""Small pictures of a curve as SVG, and a job as HTML: no script, no colour that a dark page hides."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

COLOURS = ("#2563eb", "#d97706", "#059669", "#7c3aed")
MOST_POINTS = 1_500
CHIPS = {"succeeded": "#059669", "failed": "#dc2626", "cancelled": "#6b7280", "running": "#2563eb"}


def svg(columns: Mapping[str, Sequence[Any]], names: Sequence[str], *, title: str, width: int = 640) -> str:
    """Return columns over `epoch` as an SVG; what is not finite is a gap."""
    height, left, top, bottom = width // 2, 64, 34, 34
    epochs = [float(epoch) for epoch in columns["epoch"]]
    kept = [name for name in names if name in columns]
    values = [y for name in kept for y in columns[name] if finite(y)]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    high = high if high > low else low + (abs(low) or 1.0)
    first, last = (epochs[0], epochs[-1]) if epochs else (0.0, 1.0)
    across, down = width - left - 16, height - top - bottom

    def x(epoch: float) -> float:
        return left + across * ((epoch - first) / (last - first) if last > first else 0.5)

    def y(value: float) -> float:
        return top + down * (1 - (value - low) / (high - low))

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" font-family="system-ui, sans-serif" font-size="12"><title>{escape(title)}</title>',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<path d="M{left} {top}V{top + down}H{left + across}" fill="none" stroke="#6b7280"/>',
    ]
    for value in (low, (low + high) / 2, high):
        parts.append(f'<text x="{left - 6}" y="{y(value) + 4:.1f}" text-anchor="end" fill="#374151">{value:.4g}</text>')
    for epoch in dict.fromkeys((first, last)):
        parts.append(f'<text x="{x(epoch):.1f}" y="{height - 12}" text-anchor="middle" fill="#374151">{epoch:g}</text>')
    for n, name in enumerate(kept):
        colour = COLOURS[n % len(COLOURS)]
        for line in pieces(epochs, columns[name]):
            path = "L".join(f"{x(epoch):.1f} {y(value):.1f}" for epoch, value in line)
            parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-linecap="round"/>')
        parts.append(f'<text x="{left + 130 * n}" y="20" fill="{colour}">{escape(name)}</text>')
    return "".join(parts) + "</svg>"


def job_html(job: Mapping[str, Any], columns: Mapping[str, Sequence[Any]] | None = None) -> str:
    """Return a job as a line with its status and, with columns, its curve."""
    best = job.get("best")
    words = f"best epoch {best['epoch']}: {best['metric']} {best['value']:.4g}" if best else "no epoch yet"
    if job.get("error"):
        words = str(job["error"].get("message", ""))
    chip = CHIPS.get(str(job["status"]), "#6b7280")
    head = (
        f"<div><b>{escape(str(job['name']))}</b> <code>{escape(str(job['id']))}</code> "
        f'<span style="color:{chip}">{escape(str(job["status"]))}</span> {escape(words)}</div>'
    )
    if not columns or not columns.get("epoch"):
        return head
    return head + svg(columns, ("train_cost", "val_cost"), title=f"Costs of {job['name']}", width=480)


def thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return at most `MOST_POINTS` points; the lowest and the highest of each stretch are kept."""
    if len(points) <= MOST_POINTS:
        return points
    size = math.ceil(len(points) / (MOST_POINTS // 2))
    kept: list[tuple[float, float]] = []
    for start in range(0, len(points), size):
        stretch = points[start : start + size]
        ends = {min(stretch, key=lambda p: p[1]), max(stretch, key=lambda p: p[1])}
        kept += sorted(ends)
    return kept


def pieces(epochs: Sequence[float], values: Sequence[Any]) -> list[list[tuple[float, float]]]:
    """Return the points of a line in pieces that end where a value is not finite."""
    lines: list[list[tuple[float, float]]] = [[]]
    for epoch, value in zip(epochs, values, strict=True):
        if finite(value):
            lines[-1].append((epoch, float(value)))
        elif lines[-1]:
            lines.append([])
    return [thinned(line) for line in lines if line]


def finite(value: Any) -> bool:
    """Return whether a cell is a number that can be drawn."""
    return isinstance(value, int | float) and math.isfinite(value)
