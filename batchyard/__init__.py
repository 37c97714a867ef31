"""Batchyard's client. Names are loaded when they are used, so that the command starts at once."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from batchyard.answers import BestEpoch as BestEpoch
    from batchyard.answers import Dataset as Dataset
    from batchyard.answers import Event as Event
    from batchyard.client import Client as Client
    from batchyard.errors import APIError as APIError
    from batchyard.errors import BatchyardError as BatchyardError
    from batchyard.errors import Conflict as Conflict
    from batchyard.errors import InvalidSpec as InvalidSpec
    from batchyard.errors import InvalidTable as InvalidTable
    from batchyard.errors import JobCancelled as JobCancelled
    from batchyard.errors import JobFailed as JobFailed
    from batchyard.errors import NotFound as NotFound
    from batchyard.errors import RateLimited as RateLimited
    from batchyard.errors import ServerError as ServerError
    from batchyard.errors import ServerUnreachable as ServerUnreachable
    from batchyard.errors import TooLarge as TooLarge
    from batchyard.errors import Unauthorized as Unauthorized
    from batchyard.errors import UnreadableAnswer as UnreadableAnswer
    from batchyard.errors import WaitTimeout as WaitTimeout
    from batchyard.estimators import RemoteClassifier as RemoteClassifier
    from batchyard.estimators import RemoteRegressor as RemoteRegressor
    from batchyard.job_future import Job as Job

ERRORS = (
    "APIError BatchyardError Conflict InvalidSpec InvalidTable JobCancelled JobFailed NotFound RateLimited ServerError "
    "ServerUnreachable TooLarge Unauthorized UnreadableAnswer WaitTimeout"
)
HOMES = {
    "Client": "client",
    "Job": "job_future",
    **dict.fromkeys(("BestEpoch", "Dataset", "Event"), "answers"),
    **dict.fromkeys(ERRORS.split(), "errors"),
    **dict.fromkeys(("RemoteClassifier", "RemoteRegressor"), "estimators"),
}


def job(id_or_name: str) -> "Job":
    """Return a job of the default server by its id, name or unique prefix of an id."""
    return import_module("batchyard.client").Client().job(id_or_name)  # type: ignore[no-any-return]


def __getattr__(name: str) -> Any:
    if name not in HOMES:
        raise AttributeError(f"module 'batchyard' has no attribute {name!r}")
    return getattr(import_module(f"batchyard.{HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *HOMES]
