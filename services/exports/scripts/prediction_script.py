"""`predict.py` of a bundle: predicts the rows of a CSV with PyTorch and NumPy alone."""

from torch import nn

from services.exports.scripts.assembly import Assembly
from services.exports.scripts.net_source import net_source

MAIN = 'if __name__ == "__main__":\n    main({model})'
WORDS = """Predicts the rows of a CSV file with the model {name}; needs PyTorch and NumPy alone.

    python predict.py FILE.csv > predictions.csv

The file's first line names its columns; the model takes {columns}.
The first column of the answer is `prediction`. The weights are read from model.safetensors beside this script, and
what becomes of each column from preprocessing.json."""
SHOWN = 12  #: columns that are named


def prediction_script(net: nn.Module, name: str, columns: list[str]) -> str:
    """Return the script.

    Raises: ExportUnsupported for a net whose code is not PyTorch's or ours.
    """
    source = net_source(net)
    assembly = Assembly()
    for module, one in sorted(source.used):
        assembly.add(module, one)
    assembly.add("services.exports.plain.prediction", "main")
    bins = f"[torch.linspace(0.0, 1.0, edges) for edges in {source.edges}]" if source.edges else ""
    main = MAIN.format(model=f"make_model({bins})")
    return assembly.script(WORDS.format(name=name, columns=listed(columns)), [], [source.function(), main])


def listed(columns: list[str]) -> str:
    """Return the names of columns in words."""
    shown = ", ".join(columns[:SHOWN])
    return f"{shown} and {len(columns) - SHOWN} more" if len(columns) > SHOWN else shown
