"""polars, batch by batch, so that the table never is whole in memory. A ragged row becomes nulls without a word."""

import sys
import time
from pathlib import Path

import polars

from benchmarks.peers.ingesting import tell

if __name__ == "__main__":
    began = time.perf_counter()
    with Path(sys.argv[2]).open("wb") as file:
        for batch in polars.scan_csv(sys.argv[1]).collect_batches(maintain_order=True):
            file.write(batch.to_numpy(order="c").astype("<f4").tobytes())
    tell(time.perf_counter() - began, "polars")
