"""The tutorial's job, as a user would run it: over HTTP, on a stack that is up."""

import time
from collections.abc import Callable
from typing import Any

import httpx2

JOB: dict[str, Any] = {
    "name": "scores",
    "data": {
        "x": [[73, 80, 75], [93, 88, 93], [89, 91, 90], [96, 98, 100], [73, 66, 70]],
        "y": [[152], [185], [180], [196], [142]],
        "scale": "none",
        "target_scale": "none",
    },
    "split": {"type": "none"},
    "model": "linear",
    "loss": "mse",
    "optimizer": {"type": "sgd", "lr": 1e-5},
    "batch_size": 2,
    "shuffle": True,
    "epochs": 2000,
    "early_stopping": False,
    "seed": 0,
}
ROW = [73, 80, 75]
SHOWN_LINES = 6  #: of the batch costs at either end


def run(url: str, say: Callable[[str], None]) -> None:
    """Submit the job, wait for it, print its costs and a prediction.

    Raises: SystemExit when the job does not succeed.
    """
    with httpx2.Client(base_url=url, timeout=70) as http:
        say("POST /api/v1/jobs: 5 rows of 3 scores, Linear(3, 1), SGD at 1e-5, batches of 2, 2000 epochs")
        began = time.monotonic()
        job = http.post("/api/v1/jobs", json=JOB, headers={"Prefer": "wait=60"}).raise_for_status().json()
        if job["status"] != "succeeded":
            raise SystemExit(f"The job is {job['status']}: {job['error']}")
        say(f"{job['id']} succeeded after {time.monotonic() - began:.1f} s. Its costs:\n")
        lines = http.get(f"/api/v1/jobs/{job['id']}/logs").raise_for_status().text.splitlines()
        costs = [line for line in lines if line.startswith("Epoch ")]
        for line in [*costs[:SHOWN_LINES], "...", *costs[-SHOWN_LINES:]]:
            say(line)
        best = job["best"]
        say(f"\nBest epoch {best['epoch']}, {best['metric']} {best['value']:.4f}; its weights are kept.")
        answer = http.post(f"/api/v1/jobs/{job['id']}/predict", json={"x": [ROW]}).raise_for_status().json()
        say(f"POST /api/v1/jobs/{job['id']}/predict: {ROW} scores {answer['predictions'][0]:.2f}  (the row said 152)")
