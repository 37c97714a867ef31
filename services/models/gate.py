"""Whether a challenger is worse than a champion: a paired bootstrap of the difference of their mean costs."""

from typing import Any

import numpy as np

RESAMPLES = 2_000
AT_ONCE = 1 << 22  #: drawn numbers that are held at a time
SEED = 13  #: the same rows give the same report


def compare(champion: np.ndarray, challenger: np.ndarray, *, margin: float) -> dict[str, Any]:
    """Return what the costs of the same rows under both say: refused only if the whole interval lies above `margin`.

    Shapes: (rows,) each.
    Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), section 13.3: the percentile interval.
    """
    differences = np.asarray(challenger, dtype=np.float64) - np.asarray(champion, dtype=np.float64)
    rows = len(differences)
    random = np.random.default_rng(SEED)
    means: list[np.ndarray] = []
    each = max(1, AT_ONCE // rows)
    for start in range(0, RESAMPLES, each):
        drawn = random.integers(0, rows, (min(each, RESAMPLES - start), rows))
        means.append(differences[drawn].mean(1))
    low, high = np.percentile(np.concatenate(means), [2.5, 97.5])
    return {
        "rows": rows,
        "champion_cost": float(np.mean(champion)),
        "challenger_cost": float(np.mean(challenger)),
        "difference": float(differences.mean()),
        "interval": [float(low), float(high)],
        "confidence": 0.95,
        "margin": margin,
        "passed": not low > margin,
    }
