"""The sample tables that come with the service, as small Parquet files beside this one."""

import hashlib
from pathlib import Path

FOLDER = Path(__file__).parent / "builtin"
TARGETS = {
    "iris": "species",
    "wine": "cultivar",
    "breast_cancer": "diagnosis",
    "digits": "digit",
    "diabetes": "progression",
}


def path(name: str) -> Path:
    """Return the file of a sample table."""
    return FOLDER / f"{name}.parquet"


def sha256(name: str) -> str:
    """Return the SHA-256 of a sample table's file."""
    return hashlib.sha256(path(name).read_bytes()).hexdigest()
