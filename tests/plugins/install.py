"""Leaves the example packages in a folder as `pip install` would."""

from pathlib import Path

HERE = Path(__file__).parent
ENTRY_POINTS = """
[batchyard.models]
wide = wide_net:wide
counting = counting:counting
lstm = lstm_net:lstm

[batchyard.datasets]
spirals = spirals:Spirals
odd = odd:Odd
no_dataset = odd:no_dataset
pairs = odd:Pairs
pictures = odd:Pictures
tutorial = odd:tutorial
missing = nowhere:Missing
"""


def install(folder: Path, version: str = "1.0") -> None:
    """Put the modules into a folder, and beside them what says which entry points they have."""
    for path in HERE.glob("*/*.py"):
        (folder / path.name).write_text(path.read_text())
    about = folder / "examples.dist-info"
    about.mkdir(exist_ok=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: examples\nVersion: {version}\n")
    (about / "entry_points.txt").write_text(ENTRY_POINTS)
