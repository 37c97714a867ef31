"""Our reader: types, missing values, ranges and classes are found out on the way."""

import sys
import time
from pathlib import Path

from benchmarks.peers.ingesting import tell
from services.datasets.ingest import ingest
from services.datasets.table_limits import TableLimits

if __name__ == "__main__":
    began = time.perf_counter()
    ingest(Path(sys.argv[1]), Path(sys.argv[2]), name="table.csv", limits=TableLimits())
    tell(time.perf_counter() - began, "batchyard")
