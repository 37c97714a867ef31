"""An upload of 200 MB by the client beside curl; every run sends bytes that the server has never seen.

With an address as argument it measures against that server; `benchmarks.faces` has it measured with the others.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

SIZE_BYTES, COLUMNS, ROUNDS = 200_000_000, 20, 3
CLIENT = """\
import json, re, sys, time
import batchyard
def peak_mb():
    # Not ru_maxrss: that of a child begins with its parent's.
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
by = batchyard.Client(sys.argv[1])
by.service()
idle = peak_mb()
began = time.perf_counter()
found = by.datasets.upload(sys.argv[2])
took = time.perf_counter() - began
above = peak_mb() - idle
print(json.dumps({"seconds": took, "mb_above_idle": above, "sent": found.was_sent, "rows": found.rows}))
"""


def main() -> None:
    """Measure against the server whose address is the first argument."""
    speed, memory_mb = measured(sys.argv[1])
    print(f"the client's speed beside curl's: {speed:.2f}; {memory_mb:.1f} MB above an idle client")


def measured(url: str) -> tuple[float, float]:
    """Return the client's speed beside curl's, the median of the rounds, and the most MB above an idle client."""
    ratios, above = [], 0.0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "big.csv"
        rows = _write(path)
        for n in range(ROUNDS):
            took = {}
            for who in ("curl", "client") if n % 2 else ("client", "curl"):
                with open(path, "a") as file:  # other bytes than in any run before
                    file.write(",".join(f"{time.time():.6f}" for _ in range(COLUMNS)) + "\n")
                rows += 1
                found = _client(url, path) if who == "client" else _curl(url, path)
                assert found["rows"] == rows, found
                took[who] = found["seconds"]
                print(who, found, flush=True)
                above = max(above, found.get("mb_above_idle", 0.0))
            ratios.append(took["curl"] / took["client"])
    return median(ratios), above


def _write(path: Path) -> int:
    generator, rows = np.random.default_rng(1), 0
    with open(path, "w") as file:
        file.write(",".join(f"c{n}" for n in range(COLUMNS)) + "\n")
        while file.tell() < SIZE_BYTES:
            block = generator.random((5_000, COLUMNS))
            file.write("\n".join(",".join(f"{cell:.6f}" for cell in row) for row in block) + "\n")
            rows += len(block)
    return rows


def _client(url: str, path: Path) -> dict[str, float]:
    done = subprocess.run([sys.executable, "-c", CLIENT, url, str(path)], capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    assert found["sent"]
    return found


def _curl(url: str, path: Path) -> dict[str, float]:
    began = time.perf_counter()
    whole = ["curl", "-sf", "-H", "Content-Type: text/csv", "--data-binary", f"@{path}"]
    done = subprocess.run([*whole, f"{url}/api/v1/datasets?name=big.csv"], capture_output=True, check=True)
    return {"seconds": time.perf_counter() - began, "rows": json.loads(done.stdout)["rows"]}


if __name__ == "__main__":
    main()
