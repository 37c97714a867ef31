"""JobSpec: what a user may ask for, field by field."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field

from services.specs.schema.checkpoints import InitFrom, Keep
from services.specs.schema.data import Data, RandomSplit, Split
from services.specs.schema.fields import STRICT, Name, Number, Text, Whole
from services.specs.schema.losses import Loss
from services.specs.schema.metrics import Metric
from services.specs.schema.models import Model
from services.specs.schema.monitor import EarlyStopping, Monitor, Monitored, Validation
from services.specs.schema.optimizers import AdamW, Clip, Optimizer
from services.specs.schema.schedulers import Scheduler

MAX_TIME_S = 315_360_000  #: ten years: more is a slip
Task = Literal["regression", "binary", "multiclass", "multilabel"]


def _loss(value: Any) -> Any:
    return {"type": value} if isinstance(value, str) and value != "auto" else value


class JobSpec(BaseModel):
    """A training job. A resolved spec has no `auto` left, and submitting it again trains the same model."""

    model_config = STRICT

    spec_version: Literal[1] = 1
    name: Name | None = None
    """What to call the job; default: data, model and a number."""
    task: Literal["auto"] | Task = "auto"
    """auto: from the loss, else from the target column."""

    data: Data
    split: Split = RandomSplit()
    model: Model
    init_from: InitFrom | None = None
    """Start from the stored weights of another job; null: from new ones."""
    loss: Annotated[Literal["auto"] | Loss, BeforeValidator(_loss)] = "auto"
    """auto: mse, bce_with_logits or cross_entropy by the task."""
    optimizer: Optimizer = AdamW()
    scheduler: Scheduler | None = None
    """How the learning rate changes; null: it does not."""
    gradient_clip: Clip | None = None
    """Clip the gradient before each step."""

    epochs: Annotated[int, Field(ge=1)] = 200
    """Upper bound of passes over the training rows."""
    max_time_seconds: Annotated[float, Field(gt=0, le=MAX_TIME_S)] | None = None
    """Stop cleanly after this time."""
    batch_size: Literal["auto", "full"] | Annotated[int, Field(ge=1)] = "auto"
    """Rows per step; full: all; auto: the largest power of two up to training rows / 32, within 8 and 1024."""
    shuffle: bool = True
    """Shuffle the rows in each epoch."""
    drop_last: bool = False
    """Leave out the last batch of an epoch if it is smaller."""
    micro_batch_size: Annotated[int, Field(ge=1)] | None = None
    """Rows that go through the model at once; gradients are summed up to the whole batch. null: the batch."""

    monitor: Monitored = Monitor()
    early_stopping: Literal[False] | EarlyStopping = EarlyStopping()
    checkpoint: Keep = Keep()
    validation: Validation = Validation()
    batch_costs: Literal["auto"] | bool = "auto"
    """Keep the cost of every batch; auto: for jobs of up to 100,000 steps."""
    metrics: Literal["auto"] | list[Metric] = "auto"
    """Computed on the validation rows each epoch; auto: accuracy, or mae and r2."""
    calibrate: Literal["temperature"] | None = None
    """Fit one number to the validation rows by which the classes' probabilities become milder or sharper, so that they
    come true as often as they say; the predicted classes stay the same."""

    seed: Annotated[int, Field(ge=0, lt=2**32)] | None = 0
    """Fixes the split, the first weights and the order of rows; null: drawn at random and returned."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    """fp32, or automatic mixed precision; fp16 needs a GPU."""
    deterministic: bool = False
    """Use only algorithms that give the same bits every time, or fail."""
    compile: Literal[False] = False
    """Steps are traced once and replayed, to the same bits; a compiler would change the bits and take seconds."""
    on_nonfinite: Literal["fail", "rollback", "skip_step", "continue"] = "fail"
    """What to do when a cost is not finite: end the job, go back to the previous epoch with a tenth of the learning
    rate (3 times at most), skip the step, or continue."""
    threads: Annotated[int, Field(ge=1, le=64)] = 1
    """CPU threads of the trainer, and of each of its processes."""
    processes: Annotated[int, Field(ge=1, le=64)] = 1
    """Processes that share the rows of each batch of `batch_size`, each with a core or GPU of its own."""
    priority: Annotated[int, Field(ge=-10, le=10)] = 0
    """Among one owner's jobs, higher goes first."""
    tags: Annotated[list[Name], Field(max_length=64)] = []
    notes: Text = ""
    """Free text."""
    metadata: Annotated[dict[Text, Text | Whole | Number | bool | None], Field(max_length=64)] = {}
    """Free key-value pairs, not nested."""
