"""What a user writes to serve a trained net with FastAPI: `uvicorn benchmarks.peers.fastapi_predict:app`."""

import os

import torch
from fastapi import FastAPI
from pydantic import BaseModel
from safetensors.torch import load_file
from torch import nn

torch.set_num_threads(1)
app = FastAPI()
weights = load_file(os.environ["PEER_WEIGHTS"])
shift, factor = weights.pop("shift"), weights.pop("factor")
target_shift, target_factor = weights.pop("target_shift"), weights.pop("target_factor")
features = len(shift)
model = nn.Sequential(nn.Linear(features, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1)).eval()
model.load_state_dict(weights)


class Rows(BaseModel):
    """What is asked."""

    x: list[list[float]]


@app.post("/predict")
async def predict(rows: Rows) -> dict[str, list[float]]:
    """Predict rows."""
    with torch.inference_mode():
        scaled = (torch.tensor(rows.x) - shift) * factor
        found = model(scaled) / target_factor + target_shift
    return {"predictions": found[:, 0].tolist()}
