"""A model that answers tables, as `mlflow.pyfunc` calls it: a part of a model in MLflow's format."""

from typing import Any

from torch import nn

from services.exports.plain.prediction import predict


class TableModel:
    """Predicts the rows of a DataFrame; the first column of its answer is `prediction`."""

    def __init__(self, model: nn.Module, about: dict[str, Any]) -> None:
        self.model = model
        self.about = about

    def predict(self, rows: Any, params: Any = None) -> Any:
        """Return a table of the same kind. Columns are found by name; None and NaN are no value."""
        names = [str(name) for name in rows.columns]
        columns = [[text_of(value) for value in rows[name].tolist()] for name in rows.columns]
        answers = predict(self.model, names, [list(row) for row in zip(*columns, strict=True)], self.about)
        return type(rows)(answers)


def text_of(value: Any) -> str:
    """Return a value as a file would have it."""
    if value is None or value != value:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)
