"""What a user writes to serve a trained net with BentoML: `bentoml serve benchmarks.peers.bentoml_predict:Predict`."""

from typing import Annotated

import bentoml
import numpy as np
import torch
from bentoml.validators import DType

from benchmarks.peers.served_net import ServedNet


@bentoml.service(workers=1, traffic={"timeout": 60})
class Predict:
    """One net, one process."""

    def __init__(self) -> None:
        self.net = ServedNet()

    @bentoml.api(route="/predict")  # type: ignore[untyped-decorator]
    def predict(self, x: Annotated[np.ndarray, DType("float32")]) -> dict[str, list[float]]:
        """Predict rows."""
        return {"predictions": self.net.predict(torch.from_numpy(x.copy())).tolist()}
