"""The bodies of the Open Inference Protocol, as models: OpenAPI is made from them."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, RootModel

from api.schemas import Problem
from services.predictions.protocol.messages import MOST_INPUTS
from services.predictions.protocol.tensors import BF16, BYTES, DTYPES, MAX_RANK

Datatype = Annotated[str, Field(json_schema_extra={"enum": [*DTYPES, BYTES, BF16]})]
Size = Annotated[int, Field(ge=0, lt=2**31)]


class Tensor(BaseModel):
    """A tensor: its values in JSON, or as bytes behind it where `parameters.binary_data_size` says how many."""

    name: str
    datatype: Datatype
    shape: Annotated[list[Size], Field(min_length=1, max_length=MAX_RANK)]
    data: list[Any] | None = None
    """Flat, or as lists in lists."""
    parameters: dict[str, Any] | None = None


class WantedOutput(BaseModel):
    """An output that is asked for."""

    name: str
    parameters: dict[str, Any] | None = None
    """`binary_data`: whether its values come as bytes."""


class Inference(BaseModel):
    """Tensors in."""

    inputs: Annotated[list[Tensor], Field(max_length=MOST_INPUTS)]
    outputs: list[WantedOutput] | None = None
    """All of them if none is named."""
    id: str | None = None
    """Comes back in the answer."""
    parameters: dict[str, Any] | None = None
    """`binary_data_output`: whether all values come as bytes."""


def _without_id(schema: dict[str, Any]) -> None:
    schema["required"].remove("id")


class Inferred(BaseModel):
    """Tensors out."""

    model_config = ConfigDict(json_schema_extra=_without_id)

    model_name: str
    model_version: str
    id: str
    """The one of the request; absent if it had none."""
    parameters: dict[str, str]
    """The job, its checkpoint and the digest of its weights."""
    outputs: list[dict[str, Any]]


class TensorShape(BaseModel):
    """An input or an output of a model."""

    name: str
    datatype: Datatype
    shape: list[int]
    """-1 stands for any size."""


class ModelMetadata(BaseModel):
    """A model's versions, inputs and outputs."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorShape]
    outputs: list[TensorShape]


class ServerMetadata(BaseModel):
    """What this server is."""

    name: str
    version: str
    extensions: list[str]


class ServerLive(BaseModel):
    """Whether this process answers."""

    live: bool


class ServerReady(BaseModel):
    """Whether it can predict."""

    ready: bool


class ModelReady(BaseModel):
    """Whether a model can answer."""

    name: str
    ready: bool


class IndexEntry(BaseModel):
    """A model that can answer."""

    name: str
    version: str
    state: str
    reason: str


class Index(RootModel[list[IndexEntry]]):
    """The models that can answer."""


class Refusal(Problem):
    """What went wrong, as the protocol says it and as the rest of this interface does."""

    error: str
