"""The job that every runner trains: what is asked, its examples in files, and the line that tells how it went.

Nothing here needs more than NumPy, since each library has this file as its only common ground.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np

FEATURES = 32
LR = 1e-3  #: the step size of Adam; its betas are 0.9 and 0.999, its epsilon 1e-8
DIRECTIONS = 4  #: in which a target changes, of 32
NOISE = 0.5  #: standard deviation of what no net can learn, where all else has 1


@dataclass(frozen=True)
class Work:
    """What a runner is asked to train."""

    folder: str  #: where the examples lie
    rows: int  #: of training and of validation together
    epochs: int
    batch_size: int
    hidden: list[int]
    seed: int  #: of the first weights and the order of rows; the examples are always the same

    @property
    def validation_rows(self) -> int:
        """The last fifth of the rows validates."""
        return self.rows // 5

    @property
    def training_rows(self) -> int:
        """The rows before train."""
        return self.rows - self.validation_rows


@dataclass(frozen=True)
class Part:
    """The examples of training or of validation.

    Shapes: features (rows, 32) float32, targets (rows, 1) float32.
    """

    features: np.ndarray
    targets: np.ndarray

    def first(self, rows: int) -> "Part":
        """Return the first examples alone."""
        return Part(self.features[:rows], self.targets[:rows])


@dataclass(frozen=True)
class Fitted:
    """How a fit went."""

    seconds: float  #: of the whole fit with its validations, from the ready model and data on
    val_cost: float | None  #: mean squared error over the validation rows after the last epoch


#: Trains the examples, (training, validation), with a new model.
Fit = Callable[[Work, Part, Part], Fitted]


def write_examples(folder: Path, rows: int) -> None:
    """Draw the examples and write them for all runners: waves and a product along hidden directions, and noise.

    Units: features have mean 0 and variance 1; so has the learnable part of the targets, the noise a quarter of that.
    """
    random = np.random.default_rng(2026)
    features = random.standard_normal((rows, FEATURES), dtype=np.float32)
    directions = random.standard_normal((FEATURES, DIRECTIONS), dtype=np.float32) / np.sqrt(np.float32(FEATURES))
    along = features @ directions  # (rows, 4)
    learnable = np.sin(along).sum(1) + along[:, 0] * along[:, 1] / 2 + np.abs(along[:, 2])
    learnable = (learnable - learnable.mean()) / learnable.std()
    targets = learnable + NOISE * random.standard_normal(rows, dtype=np.float32)
    np.save(folder / "features.npy", features)
    np.save(folder / "targets.npy", targets[:, None].astype(np.float32))


def as_argument(work: Work) -> str:
    """Return the argument of a runner's process."""
    return json.dumps(asdict(work))


def tell(fit: Fit, library: str) -> None:
    """Fit what this process's argument asks for, and print how it went as one line of JSON."""
    work = Work(**json.loads(sys.argv[1]))
    train, valid = _examples(work)
    # Libraries import parts of themselves at first use (PyTorch more than a second of them at the first optimizer):
    # a few batches go through a model of their own first, so that no import is measured.
    few = replace(work, rows=min(work.rows, 5 * work.batch_size), epochs=1)
    fit(few, train.first(few.training_rows), valid.first(few.validation_rows))
    found = fit(work, train, valid)
    line = {
        "rows_per_second": work.training_rows * work.epochs / found.seconds,
        "seconds": found.seconds,
        "val_cost": found.val_cost,
        "peak_rss_mib": _peak_rss_mib(),
        "version": f"{library} {version(library)}",
    }
    print(json.dumps(line))


def _examples(work: Work) -> tuple[Part, Part]:
    folder, cut = Path(work.folder), work.training_rows
    features, targets = (np.load(folder / f"{name}.npy", allow_pickle=False) for name in ("features", "targets"))
    return Part(features[:cut], targets[:cut]), Part(features[cut:], targets[cut:])


def _peak_rss_mib() -> float:
    # Not getrusage: its maximum is handed down from the parent.
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) / 1024
