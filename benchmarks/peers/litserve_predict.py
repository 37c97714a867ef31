"""What a user writes to serve a trained net with LitServe: `python -m benchmarks.peers.litserve_predict PORT`."""

import sys
from typing import Any

import litserve
import torch
from torch import Tensor

from benchmarks.peers.served_net import ServedNet


class Api(litserve.LitAPI):  # type: ignore[misc]
    """Decode, predict, encode."""

    def setup(self, device: str) -> None:
        """Load the net."""
        self.net = ServedNet()

    def decode_request(self, request: dict[str, Any]) -> Tensor:
        """Return the rows of a body."""
        return torch.tensor(request["x"])

    def predict(self, rows: Tensor) -> Tensor:
        """Predict rows."""
        return self.net.predict(rows)

    def encode_response(self, output: Tensor) -> dict[str, list[float]]:
        """Return the body of an answer."""
        return {"predictions": output.tolist()}


if __name__ == "__main__":
    server = litserve.LitServer(Api(), accelerator="cpu", workers_per_device=1, fast_queue=True, timeout=60)
    server.run(port=int(sys.argv[1]), host="127.0.0.1", generate_client_file=False, log_level="warning")
