"""Rows that are to be predicted, in pieces that a server takes, and answers put together again."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from batchyard.answers import Predicted
from batchyard.errors import InvalidTable
from batchyard.tables import like, ordered, table_of

PIECE_ROWS = 5_000
PIECE_CELLS = 200_000  #: so that wide rows stay below a server's limit for one body


class Asked:
    """Rows in the order of a model's features, and the answers as the kind that they came as."""

    def __init__(self, rows: Any, spec: Mapping[str, Any]) -> None:
        table = table_of(rows)
        if not len(table):
            raise InvalidTable("Found array with 0 sample(s) while a minimum of 1 is required: there are no rows.")
        self.features = spec.get("data", {}).get("features")
        self.table, self.told = ordered(table, self.features, spec) if self.features else (table, [])

    def pieces(self) -> Iterator[dict[str, Any]]:
        """Yield the bodies of the requests."""
        size = max(1, min(PIECE_ROWS, PIECE_CELLS // max(1, len(self.table.names))))
        for rows in self.table.pieces(size):
            if self.features or not self.table.named:
                yield {"x": [row[0] for row in rows] if self.table.names == ["x"] else rows}
            else:
                yield {"records": [dict(zip(self.table.names, row, strict=True)) for row in rows]}

    def labels(self, answers: list[dict[str, Any]]) -> Any:
        """Return the predictions."""
        self._tell(answers)
        return like([value for answer in answers for value in answer["predictions"]], self.table)

    def probabilities(self, answers: list[dict[str, Any]]) -> Any:
        """Return the probabilities.

        Raises: InvalidTable when the model is no classifier.
        """
        if answers[0].get("probabilities") is None:
            raise InvalidTable("The model has no classes, so there are no probabilities. Use predict.")
        self._tell(answers)
        rows = [row for answer in answers for row in answer["probabilities"]]
        return like(rows, self.table, "p")

    def _tell(self, answers: list[dict[str, Any]]) -> None:
        self.warn({str(found["message"]) for answer in answers for found in answer.get("warnings", [])})

    def warn(self, said: Iterable[str] = ()) -> None:
        """Warn of columns that were left out or put in another order, and of what the server said."""
        import warnings

        for message in [*self.told, *sorted(said)]:
            warnings.warn(f"predict: {message}", stacklevel=6)


def predicted(answer: Mapping[str, Any]) -> Predicted:
    """Return an answer with types."""
    return Predicted(
        list(answer["predictions"]),
        answer.get("probabilities"),
        answer.get("classes"),
        dict(answer.get("checkpoint") or {}),
        [str(found["message"]) for found in answer.get("warnings", [])],
    )
