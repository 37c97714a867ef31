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
#: Those that are no single number: the best epoch can't be chosen by them.
TABLES: set[str] = {"confusion_matrix"}
#: Those of which more is better; of the other numbers less is.
MAXIMISED: set[str] = {"accuracy", "balanced_accuracy", "f1", "precision", "recall", "auroc", "average_precision", "r2"}
#: What each is and where its formula is from; of several classes, labels or targets it is the mean of each one's.
DOCS: dict[Metric, str] = {
    "accuracy": "The share of right classes or labels. Source: sklearn.metrics.accuracy_score.",
    "balanced_accuracy": "The mean of each class's recall. Source: sklearn.metrics.balanced_accuracy_score.",
    "f1": "2 x precision x recall / (precision + recall). Source: sklearn.metrics.f1_score, macro.",
    "precision": "Of the rows predicted as a class, the share that are of it. Source: sklearn.metrics.precision_score.",
    "recall": "Of the rows of a class, the share predicted as it. Source: sklearn.metrics.recall_score.",
    "auroc": "The area under the ROC curve, each class against the others. Source: sklearn.metrics.roc_auc_score.",
    "average_precision": "The mean precision over recall. Source: sklearn.metrics.average_precision_score.",
    "log_loss": "Minus the mean log-probability of what is right, in nats. Source: sklearn.metrics.log_loss.",
    "confusion_matrix": "Counts by class and predicted class. Source: sklearn.metrics.confusion_matrix.",
    "mae": "The mean of |prediction - target|. Source: sklearn.metrics.mean_absolute_error.",
    "mse": "The mean of (prediction - target)^2. Source: sklearn.metrics.mean_squared_error.",
    "rmse": "The root of each target's mse. Source: sklearn.metrics.root_mean_squared_error.",
    "r2": "The explained share of the targets' variation; NaN where there is none. Source: sklearn.metrics.r2_score.",
    "mape": "The mean of |prediction - target| / max(|target|, 2.2e-16): very large, but a number, near a target of 0. "
    "Source: sklearn.metrics.mean_absolute_percentage_error.",
}
