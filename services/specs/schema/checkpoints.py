"""Stored weights: which ones a job begins with, and which of its own it keeps."""

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from services.specs.schema.fields import STRICT

MAX_KEPT = 1_000  #: checkpoints of one job

Word = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class InitFrom(BaseModel):
    """The stored weights a job starts from. Its optimizer and preprocessing are new."""

    model_config = STRICT

    job: Word
    """Id or name of the job they come from."""
    checkpoint: Word = "best"
    """best, last, epoch:N or an id."""
    strict: bool = True
    """Refuse weights unless inputs, outputs and layers are the same; false: use those that fit."""


class Keep(BaseModel):
    """Which epochs' weights are kept, besides the state from which the job would continue."""

    model_config = STRICT

    keep_best: Annotated[int, Field(ge=1, le=20)] = 1
    """How many of the best epochs to keep."""
    keep_last: Annotated[int, Field(ge=1, le=20)] = 1
    """How many of the last epochs to keep."""
    every_epochs: Annotated[int, Field(ge=1)] | None = None
    """Also keep every n-th epoch; null: none."""

    def most(self, epochs: int) -> int:
        """Return how many checkpoints of a job of so many epochs are kept at most."""
        return self.keep_best + self.keep_last + (epochs // self.every_epochs if self.every_epochs else 0)
