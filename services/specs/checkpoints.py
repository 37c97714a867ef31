"""Stored weights: which ones a job begins with."""

from typing import Annotated

from pydantic import BaseModel, StringConstraints

from services.specs.fields import STRICT

Word = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class InitFrom(BaseModel):
    """The stored weights that a job begins with. Its optimizer and its preprocessing are new."""

    model_config = STRICT

    job: Word
    """Id or name of the job that they are of."""
    checkpoint: Word = "best"
    """best, last, epoch:N or an id."""
    strict: bool = True
    """Refuse weights that are not all for the same inputs, outputs and layers; false: take those that fit."""
