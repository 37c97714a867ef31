"""Predictions of few rows by warm models, answered on the event loop: no thread, no Flask, no database.

It answers only what it is sure of. Everything else, and every fault, gets None and goes the usual way, which says the
same in the same bytes.
"""

import re
import time
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl

from api.answer_headers import HEADERS
from api.auth import bearer
from api.hosts import allowed_names, name_of
from api.timings import Timings
from services import ids
from services.accounts.key_views import WITHOUT_KEYS, Grant
from services.accounts.scopes import Scope
from services.errors import BatchyardError
from services.predictions.target import Target
from services.predictions.wanted import ALL_AS_JSON, OUTPUTS, Wanted
from services.settings import Settings
from services.wiring.api import Api

if TYPE_CHECKING:
    from services.predictions.predictions import PredictionService
    from services.predictions.resolution import Resolution
    from services.training.predictor import Predictor

    Warm = tuple[Resolution, Predictor]

PATH = re.compile(
    r"/api/v1/(?:jobs/(?P<job>[^/@]+)|models/(?P<model>[^/@]+)(?:@(?P<alias>[^/@]+)|/versions/(?P<version>\d{1,9}))?)"
    r"/predict"
)
ROUTE = "predict, few rows"  #: under which its requests are timed
BODY_BYTES = 1 << 18  #: of a table of numbers
MIXED_BYTES = 1 << 14  #: of rows that are looked at value by value
PARAMETERS = 200_000  #: a net of more takes longer than a thread costs
#: For all rows together: two milliseconds, in which every other request waits.
MULTIPLICATIONS = 16_000_000
#: A request with one of these asks for something more.
UNUSUAL = {"origin", "sec-fetch-site", "content-encoding", "expect", "prefer", "transfer-encoding"}
ANSWER_HEADERS = [
    (b"content-type", b"application/json"),
    *((name.lower().encode(), value.encode()) for name, value in HEADERS.items()),
    (b"cache-control", b"no-cache"),
]

Headers = list[tuple[bytes, bytes]]


class Asked(NamedTuple):
    """Who asks, with what to predict, and what of the answer is wanted."""

    owner: str
    target: Target
    wanted: Wanted = ALL_AS_JSON


class QuickPredictions:
    """Answers what is small and warm."""

    def __init__(self, api: Api, settings: Settings, timings: Timings) -> None:
        self.api = api
        self.note = timings.of("POST", ROUTE, 200)
        self.keys = api.keys if settings.auth == "keys" else None
        self.allowed = allowed_names(settings)

    def wants(self, scope: dict[str, Any], headers: dict[str, str]) -> "Asked | None":
        """Return what a request asks of, if it could be answered here; its body is not there yet."""
        if scope["method"] != "POST":
            return None
        found = PATH.fullmatch(scope["path"])
        if found is None or headers.get("content-type") != "application/json":
            return None
        length = headers.get("content-length", "")
        if not (length.isdecimal() and len(length) < 7 and 0 < int(length) <= BODY_BYTES):
            return None
        if not UNUSUAL.isdisjoint(headers) or headers.get("accept", "*/*") not in {"*/*", "application/json"}:
            return None
        if name_of(headers.get("host", "")) not in self.allowed:
            return None
        grant = self._grant(headers)
        said = _query(scope["query_string"])
        if grant is None or said is None:
            return None
        target = _target(found, said)
        return Asked(grant.owner, target, _wanted(said)) if target else None

    def answer(self, asked: "Asked", body: bytes) -> tuple[Headers, bytes] | None:
        """Return the headers and the body of the answer, None if it is not made here."""
        began = time.perf_counter()
        predictions = self.api.predictions
        if predictions is None or not (warm := predictions.warm(asked.owner, asked.target)):
            return None
        try:
            answered = self._answered(predictions, warm, body, asked.wanted)
        except BatchyardError:
            return None  # told with all that belongs to it on the usual way
        if answered is None:
            return None
        self.note(time.perf_counter() - began)
        length, name = str(len(answered)).encode(), ids.new("req").encode()
        return [*ANSWER_HEADERS, (b"content-length", length), (b"x-request-id", name)], answered

    def _answered(self, predictions: "PredictionService", warm: "Warm", body: bytes, wanted: Wanted) -> bytes | None:
        """Return the body of the answer, None where it would keep the event loop from others for long.

        Raises: MalformedJSON; TooLarge; InvalidRequest.
        """
        found, predictor = warm
        if predictor.parameters > PARAMETERS:
            return None
        if predictor.multiplications:
            most = MULTIPLICATIONS // predictor.multiplications
            if (answered := predictions.predict_numbers(found, predictor, body, most, wanted)) is not None:
                return answered
        # There are no more rows than commas, and one.
        if len(body) > MIXED_BYTES or body.count(b",") * predictor.parameters > MULTIPLICATIONS:
            return None
        return predictions.predict_json(found, predictor, body, wanted)

    def _grant(self, headers: dict[str, str]) -> Grant | None:
        """Return what the key allows if it is known by heart and lets its owner predict."""
        if self.keys is None:
            return WITHOUT_KEYS
        token = bearer(headers.get("authorization", ""))
        found = self.keys.warm(token) if token else None
        return found if found and Scope.PREDICT in found.scopes else None


def _query(query: bytes) -> dict[str, str] | None:
    """Return the parameters; None unless each is well known, stands once and has one of the plainest of its values."""
    if not query:
        return {}
    said = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    found = dict(said)
    if len(found) < len(said) or not found.keys() <= {"checkpoint", "output", "diagnostics"}:
        return None
    if len(found.get("checkpoint", "")) > 64 or found.get("diagnostics", "true") not in {"true", "false"}:
        return None
    return found if found.get("output", "all") in OUTPUTS else None


def _target(found: re.Match[str], said: dict[str, str]) -> Target | None:
    if found["job"] is not None:
        return Target(job=found["job"], checkpoint=said.get("checkpoint", "best"))
    if "checkpoint" in said:
        return None
    version = found["version"]
    return Target(model=found["model"], alias=found["alias"], version=int(version) if version else None)


def _wanted(said: dict[str, str]) -> Wanted:
    return Wanted(output=said.get("output", "all"), diagnostics=said.get("diagnostics") == "true")
