"""What a fault says that a place accepts, in the words that a person would use."""

import pytest
from pydantic import BaseModel

from services.errors import InvalidRequest
from services.specs.parse.parser import read
from services.specs.schema.job import JobSpec
from services.specs.schema.predict import Predict


@pytest.mark.parametrize(
    ("model", "body", "detail"),
    [
        (Predict, b'{"x": 5}', "is 5; must be a list of lists of values or null"),
        (JobSpec, b'{"data": {"x": 5, "y": [1]}, "model": "mlp"}', "is 5; must be a list of lists of numbers or null"),
        (
            JobSpec,
            b'{"data": {"dataset": "a", "target": 4}, "model": "mlp"}',
            "is 4; must be a text, a list of texts or null",
        ),
        (JobSpec, b'{"data": {"builtin": "iris"}, "model": "mlp", "tags": 3}', "is 3; must be a list of texts"),
    ],
    ids=["cells", "rows", "names", "tags"],
)
def test_a_list_is_described_by_what_it_holds(model: type[BaseModel], body: bytes, detail: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read(model, body)

    assert [fault.detail for fault in caught.value.faults] == [detail]
