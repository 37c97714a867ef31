"""What the validation rows decide: which epoch is the best, and when to stop."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field

from services.specs.schema.fields import STRICT, NotNegative

AUTO_BATCH = 4_096


def _monitor(value: Any) -> Any:
    return {"metric": value} if isinstance(value, str) else value


class Monitor(BaseModel):
    """The value that decides which epoch is the best."""

    model_config = STRICT

    metric: str = "val_cost"
    """train_cost, val_cost or val_ and a metric; with train_eval also train_eval_cost or train_ and a metric."""
    mode: Literal["auto", "min", "max"] = "auto"
    """Whether lower or higher is better; auto: by the metric."""


class EarlyStopping(BaseModel):
    """Stop when the monitored value has not improved for a while."""

    model_config = STRICT

    patience: Annotated[int, Field(ge=1)] = 16
    """Epochs without improvement."""
    min_delta: NotNegative = 0.0
    """Smallest change that counts as an improvement."""
    min_epochs: Annotated[int, Field(ge=0)] = 0
    """Never stop before this many epochs."""


class Validation(BaseModel):
    """How the validation rows are used."""

    model_config = STRICT

    every_epochs: Annotated[int, Field(ge=1)] = 1
    """Validate every n epochs, and after the last."""
    batch_size: Literal["auto"] | Annotated[int, Field(ge=1, le=1_000_000)] = "auto"
    """Rows measured at once; auto: 4,096. Fewer need less memory."""
    train_eval: bool = False
    """Measure the training rows in the same way: train_eval_cost, and train_ and each metric."""

    @property
    def rows(self) -> int:
        """How many rows are measured at once."""
        return AUTO_BATCH if self.batch_size == "auto" else self.batch_size


#: `"val_accuracy"` is short for `{"metric": "val_accuracy"}`.
Monitored = Annotated[Monitor, BeforeValidator(_monitor, json_schema_input_type=Monitor | str)]
