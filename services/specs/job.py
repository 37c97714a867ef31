"""JobSpec: what a user may ask for, field by field."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field

from services.specs.data import Data, RandomSplit, Split
from services.specs.fields import STRICT, Name, NotNegative, Number, Positive, Text, Whole
from services.specs.losses import Loss
from services.specs.models import Model
from services.specs.optimizers import AdamW, Optimizer

Task = Literal["regression", "binary", "multiclass"]
Metric = Literal["accuracy", "mae", "mse", "rmse", "r2"]


def _monitor(value: Any) -> Any:
    return {"metric": value} if isinstance(value, str) else value


def _loss(value: Any) -> Any:
    return {"type": value} if isinstance(value, str) and value != "auto" else value


class Monitor(BaseModel):
    """The value that decides which epoch is the best."""

    model_config = STRICT

    metric: str = "val_cost"
    """train_cost, val_cost or val_ and a metric."""
    mode: Literal["auto", "min", "max"] = "auto"
    """Whether small or large is good; auto: by the metric."""


class EarlyStopping(BaseModel):
    """Stop when the monitored value has not improved for a while."""

    model_config = STRICT

    patience: Annotated[int, Field(ge=1)] = 10
    """Epochs without improvement."""
    min_delta: NotNegative = 0.0
    """Least change that counts as improvement."""


class JobSpec(BaseModel):
    """A training job. As submitted it may say `auto`; resolved it says all, and posting it again trains the same."""

    model_config = STRICT

    spec_version: Literal[1] = 1
    name: Name | None = None
    """What to call the job; default: data, model and a number."""
    task: Literal["auto"] | Task = "auto"
    """auto: from the loss, else from the target column."""

    data: Data
    split: Split = RandomSplit()
    model: Model
    loss: Annotated[Literal["auto"] | Loss, BeforeValidator(_loss)] = "auto"
    """auto: mse, bce_with_logits or cross_entropy by the task."""
    optimizer: Optimizer = AdamW()

    epochs: Annotated[int, Field(ge=1)] = 100
    """Upper bound of passes over the training rows."""
    max_time_seconds: Positive | None = None
    """Stop cleanly after so long."""
    batch_size: Literal["auto", "full"] | Annotated[int, Field(ge=1)] = "auto"
    """Rows of one step; full: all; auto: the largest power of two up to training rows / 32, within 8 and 1024."""
    shuffle: bool = True
    """Train the rows of each epoch in another order."""
    drop_last: bool = False
    """Leave out the last batch of an epoch if it is smaller."""

    monitor: Annotated[Monitor, BeforeValidator(_monitor)] = Monitor()
    early_stopping: Literal[False] | EarlyStopping = EarlyStopping()
    metrics: Literal["auto"] | list[Metric] = "auto"
    """Computed on the validation rows each epoch; auto: accuracy, or mae and r2."""

    seed: Annotated[int, Field(ge=0, lt=2**32)] | None = 0
    """Fixes the split, the first weights and the order of rows; null: drawn and echoed."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: Annotated[int, Field(ge=1, le=64)] = 1
    """CPU threads of the trainer."""
    priority: Annotated[int, Field(ge=-10, le=10)] = 0
    """Among one owner's jobs, higher goes first."""
    tags: Annotated[list[Name], Field(max_length=64)] = []
    metadata: Annotated[dict[Text, Text | Whole | Number | bool | None], Field(max_length=64)] = {}
    """Own remarks, flat."""
