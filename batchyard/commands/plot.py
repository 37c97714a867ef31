"""A curve of characters."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

SIGNS = {"train_cost": "·", "val_cost": "●"}


def drawn(columns: Mapping[str, Sequence[Any]], width: int = 64, height: int = 12) -> str:
    """Return both costs over the epochs as lines of text; what is not finite is left out."""
    epochs = columns["epoch"]
    points = [
        (epoch, float(value), sign)
        for name, sign in SIGNS.items()
        for epoch, value in zip(epochs, columns.get(name, []), strict=False)
        if isinstance(value, int | float) and math.isfinite(value)
    ]
    if not points:
        return "no epoch yet"
    low, high = min(value for _, value, _ in points), max(value for _, value, _ in points)
    span, reach = (high - low) or 1.0, (epochs[-1] - epochs[0]) or 1
    grid = [[" "] * width for _ in range(height)]
    for epoch, value, sign in points:
        across = round((epoch - epochs[0]) / reach * (width - 1))
        grid[round((high - value) / span * (height - 1))][across] = sign
    labels = {0: f"{high:.4g}", height - 1: f"{low:.4g}"}
    rows = [f"{labels.get(n, ''):>9} │{''.join(row)}" for n, row in enumerate(grid)]
    rows.append(f"{'':>9} └{'─' * width}")
    rows.append(f"{'':>11}{epochs[0]:<{width - 8}}{epochs[-1]:>8}   {'  '.join(f'{s} {n}' for n, s in SIGNS.items())}")
    return "\n".join(rows)
