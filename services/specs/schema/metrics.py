"""The metrics that a spec can ask for, by task. What computes them: `services/training/loop/metrics.py`."""

from typing import Literal, get_args

ClassMetric = Literal[
    "accuracy",
    "balanced_accuracy",
    "f1",
    "precision",
    "recall",
    "auroc",
    "average_precision",
    "log_loss",
    "confusion_matrix",
]
NumberMetric = Literal["mae", "mse", "rmse", "r2", "mape"]
Metric = Literal[ClassMetric, NumberMetric]

#: The metrics that say something about each task.
METRICS: dict[str, list[Metric]] = {
    "binary": list(get_args(ClassMetric)),
    "multiclass": list(get_args(ClassMetric)),
    "multilabel": list(get_args(ClassMetric)),
    "regression": list(get_args(NumberMetric)),
}
#: The metrics of each task when none is named.
AUTO_METRICS: dict[str, list[Metric]] = {
    "binary": ["accuracy", "auroc"],
    "multiclass": ["accuracy"],
    "multilabel": ["accuracy", "f1"],
    "regression": ["mae", "r2"],
}
#: Those that are no single number: the best epoch can't be told by them.
TABLES: set[str] = {"confusion_matrix"}
#: Those of which more is better; of the other numbers less is.
MAXIMISED: set[str] = {"accuracy", "balanced_accuracy", "f1", "precision", "recall", "auroc", "average_precision", "r2"}
