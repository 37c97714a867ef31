"""What a reader tells of itself."""

import json
from importlib.metadata import version
from pathlib import Path


def tell(seconds: float, library: str) -> None:
    """Print the time it took, the most memory that was resident, and the version."""
    status = Path("/proc/self/status").read_text()
    resident = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    print(
        json.dumps({"seconds": seconds, "resident_mib": int(resident.split()[1]) / 1024, "version": version(library)})
    )
