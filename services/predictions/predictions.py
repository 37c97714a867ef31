"""Answers for rows, from the stored weights of a job or of a registered model."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from services.errors import Fault, InvalidRequest, NotFound
from services.predictions.answer import Remarks, answer, receipt
from services.predictions.cache import Cache
from services.predictions.decoder import cells_of, cells_of_array, cells_of_columns
from services.predictions.diagnostics import diagnostics_of
from services.predictions.formats.media import Media
from services.predictions.freshness import Freshness
from services.predictions.numbers import rows_of_numbers
from services.predictions.outputs import outputs_of
from services.predictions.resolution import Resolution, Resolutions
from services.predictions.row_limit import check_brackets, check_rows
from services.predictions.target import Target
from services.predictions.wanted import ALL_AS_JSON, Wanted
from services.settings import Settings
from services.specs.parse.parser import read
from services.specs.schema.predict import Predict
from services.training.predictor import Predictor

if TYPE_CHECKING:
    from services.predictions.source import Source

#: Returns how many rows one request of an owner may have; None: as many as anybody's.
RowsOf = Callable[[str], int | None]
TRIES = 3  #: a running job may replace a checkpoint between our looking and our reading


class PredictionService:
    """Load, decode, predict, encode. What was loaded and looked up is kept: a warm prediction asks no database."""

    def __init__(self, source: "Source", settings: Settings, rows_of: RowsOf = lambda owner: None) -> None:
        self.source = source
        self.settings = settings
        self.rows_of = rows_of
        self.cache = Cache(settings.model_cache_bytes)
        self.freshness = Freshness(source, settings.change_interval_s)
        self.resolutions = Resolutions(source, self.freshness)

    def loaded(self, owner: str, target: Target) -> tuple[Resolution, Predictor]:
        """Return which checkpoint answers, and its model.

        Raises: NotFound; NoCheckpointYet; NoCheckpoint; CheckpointCorrupt rather than damaged weights.
        """
        for _ in range(TRIES - 1):
            found = self.resolutions.get(owner, target)
            try:
                return found, self._predictor(found)
            except NotFound:
                self.resolutions.forget(owner, target)  # replaced by a better one meanwhile
        found = self.resolutions.get(owner, target)
        return found, self._predictor(found)

    def warm(self, owner: str, target: Target) -> tuple[Resolution, Predictor] | None:
        """Return the same if it takes neither a look at the database nor a wait; None otherwise."""
        found = self.resolutions.peek(owner, target)
        predictor = self.cache.peek(owner, found.chosen.id) if found else None
        return (found, predictor) if found and predictor else None

    def predict_json(self, found: Resolution, predictor: Predictor, body: bytes, wanted: Wanted = ALL_AS_JSON) -> bytes:
        """Return the answer in JSON to a body of JSON.

        Raises: MalformedJSON; TooLarge; InvalidRequest naming each value of no use.
        """
        cells, warnings = self.cells(predictor, body, Media.JSON, self.most_rows(found.owner))
        return self._json(found, predictor, cells, warnings, wanted)

    def predict_numbers(
        self, found: Resolution, predictor: Predictor, body: bytes, most: int, wanted: Wanted = ALL_AS_JSON
    ) -> bytes | None:
        """Return the same for a body of numbers alone with at most so many rows; None of any other.

        Raises: InvalidRequest where an embedding has no vector for a number.
        """
        cells = rows_of_numbers(body, predictor.preprocessing, min(most, self.most_rows(found.owner)))
        return None if cells is None else self._json(found, predictor, cells, [], wanted)

    def predict(
        self, found: Resolution, predictor: Predictor, body: bytes, given: Media, wanted: Wanted
    ) -> tuple[bytes, dict[str, str]]:
        """Return the answer in the format that is wanted, and what it says of the model where that is not in it.

        Raises: MalformedJSON; TooLarge; InvalidRequest naming each value of no use.
        """
        cells, warnings = self.cells(predictor, body, given, self.most_rows(wanted.asker or found.owner))
        if wanted.media is Media.JSON:
            return self._json(found, predictor, cells, warnings, wanted), {}
        from services.predictions.formats.outgoing import written

        if wanted.diagnostics:
            detail = "is only available as JSON: accept application/json"
            raise InvalidRequest([Fault("#/query/diagnostics", "invalid", detail)])
        about = receipt(found, predictor, warnings)
        return written(outputs_of(predictor, cells), predictor.preprocessing, wanted.media, wanted.output, about), about

    def cells(
        self, predictor: Predictor, body: bytes, given: Media, most: int
    ) -> tuple[np.ndarray, list[dict[str, Any]]]:
        """Return the feature cells of a body's rows, (rows, features) float32, at most so many, and warnings.

        Raises: MalformedJSON; TooLarge; InvalidRequest naming each value of no use.
        """
        preprocessing = predictor.preprocessing
        if given is Media.JSON:
            cells = rows_of_numbers(body, preprocessing, most)
            if cells is not None:
                return cells, []
            if preprocessing.inputs[0].shape is None:  # else a row has lists in it
                check_brackets(body, most)
            limits = self.settings.max_json_rows, self.settings.max_json_values
            rows = read(Predict, body, max_rows=limits[0], max_values=limits[1])
            check_rows(rows.rows, most)
            return cells_of(rows, preprocessing)
        from services.predictions.formats.incoming import array_of, columns_of

        if given is Media.NPY:
            return cells_of_array(array_of(body, most), preprocessing)
        return cells_of_columns(columns_of(body, given, most), preprocessing)

    def _json(
        self,
        found: Resolution,
        predictor: Predictor,
        cells: np.ndarray,
        warnings: list[dict[str, Any]],
        wanted: Wanted,
    ) -> bytes:
        odd = None
        if wanted.diagnostics:
            extra = [name for it in warnings if it["code"] == "extra_columns" for name in it["columns"]]
            odd = diagnostics_of(cells, predictor.preprocessing, extra)
        return answer(found, predictor, outputs_of(predictor, cells), Remarks(warnings, odd), wanted.output)

    def most_rows(self, owner: str) -> int:
        """Return how many rows one request of an owner may have."""
        most, own = self.settings.max_predict_rows, self.rows_of(owner)
        return most if own is None else min(most, own)

    def _predictor(self, found: Resolution) -> Predictor:
        def load() -> Predictor:
            return Predictor.from_bytes(self.source.content(found.chosen))

        return self.cache.get(found.owner, found.chosen.id, load)
