"""Answers for rows, from the stored weights of a job or of a registered model."""

from typing import TYPE_CHECKING, Any

from services.errors import NotFound, TooLarge
from services.predictions.answer import answer
from services.predictions.cache import Cache
from services.predictions.decode import cells_of
from services.predictions.freshness import Freshness
from services.predictions.numbers import rows_of_numbers
from services.predictions.outputs import outputs_of
from services.predictions.resolution import Resolution, Resolutions
from services.predictions.target import Target
from services.settings import Settings
from services.specs.predict import Predict
from services.specs.reading import read
from services.training.predictor import Predictor

if TYPE_CHECKING:
    from services.predictions.source import Source

TRIES = 3  #: a running job may replace a checkpoint between our looking and our reading


class PredictionService:
    """Load, decode, predict, encode. What was loaded and looked up is kept: a warm prediction asks no database."""

    def __init__(self, source: "Source", settings: Settings) -> None:
        self.source = source
        self.settings = settings
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

    def predict_json(self, found: Resolution, predictor: Predictor, body: bytes, *, output: str = "all") -> bytes:
        """Return the answer to a JSON body.

        Raises: MalformedJSON; TooLarge; InvalidRequest naming each value of no use.
        """
        cells = rows_of_numbers(body, predictor.preprocessing, self.settings.max_predict_rows)
        warnings: list[dict[str, Any]] = []
        if cells is None:
            limits = self.settings.max_json_rows, self.settings.max_json_values
            rows = read(Predict, body, max_rows=limits[0], max_values=limits[1])
            self.check_rows(rows.rows)
            cells, warnings = cells_of(rows, predictor.preprocessing)
        return answer(found, predictor, outputs_of(predictor, cells), warnings, output=output)

    def check_rows(self, count: int) -> None:
        """Refuse more rows than one request may have.

        Raises: TooLarge.
        """
        most = self.settings.max_predict_rows
        if count > most:
            raise TooLarge(f"{count} rows are more than {most}: send them in parts.", limit_rows=most)

    def _predictor(self, found: Resolution) -> Predictor:
        def load() -> Predictor:
            return Predictor.from_bytes(self.source.content(found.chosen))

        return self.cache.get(found.owner, found.chosen.id, load)
