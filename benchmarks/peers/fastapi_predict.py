"""What a user writes to serve a trained net with FastAPI: `uvicorn benchmarks.peers.fastapi_predict:app`."""

import numpy as np
import torch
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel

from benchmarks.peers.served_net import ServedNet

app = FastAPI()
net = ServedNet()


class Rows(BaseModel):
    """What is asked."""

    x: list[list[float]]


@app.post("/predict")
async def predict(rows: Rows) -> dict[str, list[float]]:
    """Predict rows."""
    return {"predictions": net.predict(torch.tensor(rows.x)).tolist()}


@app.post("/predict-binary")
async def predict_binary(request: Request) -> Response:
    """Predict rows that come as the bytes of float32, and answer so: no format at all, the least that is possible."""
    rows = np.frombuffer(await request.body(), dtype=np.float32).reshape(-1, len(net.shift))
    answers = net.predict(torch.from_numpy(rows.copy()))
    return Response(answers.numpy().tobytes(), media_type="application/octet-stream")
