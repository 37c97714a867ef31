"""Whether an export answers as the stored model does: no export is handed out that was not tried."""

import numpy as np

from services.export_errors import ExportDiffers
from services.exports.samples import Samples, spread

TOLERANCE = 1e-4


def difference(samples: Samples, found: np.ndarray) -> float:
    """Return how far the answers of an export are from those of the stored model, at most.

    Probabilities are compared as they are; a value in units of itself or, if that is more, of the spread of the
    training targets, since a float32 is only so exact. Shapes: found (rows, answers).
    Raises: ExportDiffers that says in which row, when it is more than TOLERANCE.
    """
    expected = samples.expected.astype(np.float64)
    if found.shape != expected.shape:
        raise ExportDiffers(
            f"The export answers in the shape {list(found.shape)}; the model in {list(expected.shape)}."
        )
    units = np.maximum(np.abs(expected), spread(samples.predictor))
    if samples.predictor.preprocessing.task != "regression":
        units = np.ones_like(expected)
    apart = np.abs(found.astype(np.float64) - expected) / units
    apart = np.where(np.isnan(found) & np.isnan(expected), 0.0, apart)
    worst = np.unravel_index(int(np.argmax(np.where(np.isnan(apart), np.inf, apart))), apart.shape)
    if apart[worst] <= TOLERANCE:
        return float(apart[worst])
    row, place = samples.numbers[int(worst[0])], int(worst[1])
    raise ExportDiffers(
        f"In row {row} of the data set, answer {place}, the model gives {expected[worst]:.9g} and the export "
        f"{float(found[worst]):.9g}. Take another format, and report this: it should not happen.",
        row=row,
        answer=place,
        difference=float(apart[worst]),
        tolerance=TOLERANCE,
    )
