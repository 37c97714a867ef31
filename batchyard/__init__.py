"""Batchyard's client. Names are loaded when they are used, so that the command starts at once."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from batchyard import layers as layers
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
    from batchyard.errors import MissingMember as MissingMember
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
    from batchyard.losses import L1 as L1
    from batchyard.losses import MSE as MSE
    from batchyard.losses import BCEWithLogits as BCEWithLogits
    from batchyard.losses import CrossEntropy as CrossEntropy
    from batchyard.losses import GaussianNLL as GaussianNLL
    from batchyard.losses import Huber as Huber
    from batchyard.losses import PoissonNLL as PoissonNLL
    from batchyard.losses import SmoothL1 as SmoothL1
    from batchyard.nets import CNN as CNN
    from batchyard.nets import LSTM as LSTM
    from batchyard.nets import MLP as MLP
    from batchyard.nets import Layers as Layers
    from batchyard.nets import Linear as Linear
    from batchyard.nets import Plugin as Plugin
    from batchyard.nets import TabM as TabM
    from batchyard.optimizers import SGD as SGD
    from batchyard.optimizers import Adagrad as Adagrad
    from batchyard.optimizers import Adam as Adam
    from batchyard.optimizers import AdamW as AdamW
    from batchyard.optimizers import NAdam as NAdam
    from batchyard.optimizers import RAdam as RAdam
    from batchyard.optimizers import RMSprop as RMSprop
    from batchyard.schedulers import Cosine as Cosine
    from batchyard.schedulers import CosineRestarts as CosineRestarts
    from batchyard.schedulers import Exponential as Exponential
    from batchyard.schedulers import LinearWarmup as LinearWarmup
    from batchyard.schedulers import MultiStep as MultiStep
    from batchyard.schedulers import OneCycle as OneCycle
    from batchyard.schedulers import Plateau as Plateau
    from batchyard.schedulers import StepDecay as StepDecay

ERRORS = (
    "APIError BatchyardError Conflict InvalidSpec InvalidTable JobCancelled JobFailed MissingMember NotFound "
    "RateLimited ServerError ServerUnreachable TooLarge Unauthorized UnreadableAnswer WaitTimeout"
)
BUILDERS = {
    "nets": "Linear MLP CNN LSTM Layers TabM Plugin",
    "optimizers": "SGD Adam AdamW NAdam RAdam RMSprop Adagrad",
    "losses": "MSE L1 Huber SmoothL1 PoissonNLL GaussianNLL CrossEntropy BCEWithLogits",
    "schedulers": "StepDecay MultiStep Exponential Cosine CosineRestarts Plateau OneCycle LinearWarmup",
}
HOMES = {
    "Client": "client",
    "Job": "job_future",
    **dict.fromkeys(("BestEpoch", "Dataset", "Event"), "answers"),
    **dict.fromkeys(ERRORS.split(), "errors"),
    **{name: home for home, names in BUILDERS.items() for name in names.split()},
    **dict.fromkeys(("RemoteClassifier", "RemoteRegressor"), "estimators"),
}


def job(id_or_name: str) -> "Job":
    """Return a job of the default server by its id, name or unique prefix of an id."""
    return import_module("batchyard.client").Client().job(id_or_name)  # type: ignore[no-any-return]


def __getattr__(name: str) -> Any:
    if name == "layers":
        return import_module("batchyard.layers")
    if name not in HOMES:
        raise AttributeError(f"module 'batchyard' has no attribute {name!r}")
    return getattr(import_module(f"batchyard.{HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *HOMES]
