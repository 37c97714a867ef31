"""Writes deploy/kubernetes.yaml, the plain manifests: what Helm makes of the chart with the values of an example."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
HEAD = """# What the Helm chart comes to, for those without Helm. Replace train.example.org, registry.example.org and
# the URL of the database, then follow docs/how-to/kubernetes.md. Made by `make manifests`.
"""
VALUES = {
    "host": "train.example.org",
    "image.repository": "registry.example.org/batchyard",
    "databaseUrl": "postgresql+psycopg://batchyard@postgres:5432/batchyard",
    "secret": "batchyard",
}


def main() -> None:
    """Write them. `python deploy/render.py HELM` names the program."""
    given = [f"--set={name}={value}" for name, value in VALUES.items()]
    command = [sys.argv[1], "template", "batchyard", str(HERE / "chart"), *given]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    (HERE / "kubernetes.yaml").write_text(HEAD + found.stdout)


if __name__ == "__main__":
    main()
