"""RemoteClassifier and RemoteRegressor: scikit-learn's shape, trained by a server."""

from collections.abc import Sequence
from typing import Any

import numpy
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _num_samples, check_is_fitted, column_or_1d, validate_data

from batchyard.answers import frame
from batchyard.client import Client
from batchyard.errors import InvalidTable
from batchyard.job_future import Job
from batchyard.predictions import Asked
from batchyard.specs import as_json
from batchyard.tables import Table, ordered, table_of

#: Texts that a file may have for no value; a class that is called so is sent under another name.
MISSING = {"", "na", "n/a", "#n/a", "<na>", "nan", "null", "none", "?", "-"}


class Remote(BaseEstimator):
    """What classifier and regressor share: arguments, upload, submit."""

    def __init__(
        self,
        model: Any = "mlp",
        *,
        hidden: Sequence[int] | None = None,
        epochs: int = 200,
        lr: float | None = None,
        optimizer: Any = None,
        loss: Any = "auto",
        batch_size: int | str = "auto",
        validation_fraction: float = 0.2,
        early_stopping: Any = None,
        random_state: int | None = 0,
        spec: dict[str, Any] | None = None,
        server: str | None = None,
    ) -> None:
        self.model = model
        self.hidden = hidden
        self.epochs = epochs
        self.lr = lr
        self.optimizer = optimizer
        self.loss = loss
        self.batch_size = batch_size
        self.validation_fraction = validation_fraction
        self.early_stopping = early_stopping
        self.random_state = random_state
        self.spec = spec
        self.server = server

    @property
    def history_(self) -> Any:
        """Costs and metrics of the epochs."""
        return frame(self._fitted().epochs())

    @property
    def best_epoch_(self) -> int | None:
        """The epoch whose weights predict."""
        best = self._fitted().best
        return best.epoch if best else None

    @property
    def best_score_(self) -> float | None:
        """The monitored value of that epoch."""
        best = self._fitted().best
        return best.value if best else None

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "job_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.non_deterministic = False
        return tags

    def _fitted(self) -> Job:
        check_is_fitted(self)
        job: Job = self.job_
        return job.result()

    def _train(
        self, X: Any, y: Any, targets: list[list[Any]], weights: Any, eval_set: Any, wait: bool, encode: Any
    ) -> None:
        table = self._seen(X, y)
        names = list(table.names)
        target = [_unused(f"target{n}" if len(targets) > 1 else "target", names) for n in range(len(targets))]
        columns = [*table.columns, *targets]
        data: dict[str, Any] = {"target": target if len(target) > 1 else target[0], "features": names}
        split: dict[str, Any] = {"type": "random", "validation": self.validation_fraction}
        if not self.validation_fraction:
            split = {"type": "none"}
        names = [*names, *target]
        if weights is not None:
            data["weight"] = _unused("weight", names)
            columns, names = [*columns, _weights(weights, len(table))], [*names, data["weight"]]
        if eval_set is not None:
            rows, answers = eval_set
            more, _ = ordered(table_of(rows), table.names) if table.named else (table_of(rows), [])
            added = [*more.columns, *encode(answers)]
            added += [[1.0] * len(more)] if weights is not None else []
            columns = [[*first, *second] for first, second in zip(columns, added, strict=True)]
            where = _unused("split", names)
            columns, names = [*columns, ["train"] * len(table) + ["validation"] * len(more)], [*names, where]
            split = {"type": "column", "column": where}
        client = Client(self.server)
        self.job_ = client.jobs.submit(
            self._spec(split), data={"dataset": client.datasets.upload(Table(names, columns, "list", True)).id} | data
        )
        if wait:
            self.job_.result()

    def _seen(self, X: Any, y: Any) -> Table:
        """Check rows as scikit-learn does, remember their width and names, and return them as columns."""
        if type(X).__module__.split(".")[0] in {"polars", "pyarrow"}:
            table = table_of(X)
            self.n_features_in_, self.feature_names_in_ = len(table.names), numpy.asarray(table.names, dtype=object)
            return table
        if not getattr(getattr(X, "columns", None), "is_unique", True):
            return table_of(X)  # says which names stand twice
        validate_data(self, X, y, skip_check_array=True)
        if hasattr(X, "columns"):
            return table_of(X)
        checked = validate_data(self, X, dtype=None, ensure_all_finite="allow-nan", ensure_min_samples=1)
        if len(checked) < 2:
            raise InvalidTable(f"n_samples={len(checked)}: there is 1 sample, at least 2 are needed to train.")
        return table_of(_numbers(checked))

    def _rows(self, X: Any) -> Any:
        """Check rows to predict against those of fit."""
        if hasattr(X, "columns") or type(X).__module__.split(".")[0] in {"polars", "pyarrow"}:
            return X  # its columns are matched with the job's when they are sent
        return _numbers(validate_data(self, X, reset=False, dtype=None, ensure_all_finite="allow-nan"))

    def _spec(self, split: dict[str, Any]) -> dict[str, Any]:
        model = {"type": self.model} if isinstance(self.model, str) else dict(as_json(self.model))
        model |= {"hidden": list(self.hidden)} if self.hidden is not None else {}
        spec: dict[str, Any] = {"model": model, "epochs": self.epochs, "loss": as_json(self.loss), "split": split}
        optimizer = {"type": "adamw"} if self.optimizer is None else self.optimizer
        optimizer = {"type": optimizer} if isinstance(optimizer, str) else dict(as_json(optimizer))
        spec["optimizer"] = optimizer | ({"lr": self.lr} if self.lr is not None else {})
        spec["batch_size"] = self.batch_size
        spec["seed"] = self.random_state if self.random_state is None else int(self.random_state)
        spec |= {"early_stopping": self.early_stopping} if self.early_stopping is not None else {}
        return spec | (self.spec or {})


class RemoteClassifier(ClassifierMixin, Remote):
    """A classifier that a Batchyard server trains and keeps."""

    def fit(self, X: Any, y: Any, *, sample_weight: Any = None, eval_set: Any = None, wait: bool = True) -> Any:
        """Upload what the server has not, queue a job and wait for it; with `wait=False` return at once.

        Raises: InvalidTable; InvalidSpec; JobFailed; ServerUnreachable.
        """
        _not_sparse(X)
        check_classification_targets(y)
        labels = column_or_1d(numpy.asarray(y), warn=True)
        if not len(labels):
            raise InvalidTable("Found array with 0 sample(s) while a minimum of 1 is required: there are no rows.")
        if len(labels) != (rows := _num_samples(X)):
            raise InvalidTable(f"X has {rows} rows and y has {len(labels)}. Pass one label for each row.")
        self.classes_ = numpy.unique(labels)
        if len(self.classes_) < 2:
            raise InvalidTable(f"y has 1 class ({self.classes_[0]!r}); a classifier needs at least 2 classes.")
        self._train(X, labels, self._texts(labels), sample_weight, eval_set, wait, self._texts)
        return self

    def predict(self, X: Any) -> Any:
        """Return the most probable class of each row, by the best epoch's weights."""
        numbers = self.predict_proba(X).argmax(axis=1)
        return self.classes_[numbers]

    def predict_proba(self, X: Any) -> Any:
        """Return the probability of each class, in the order of `classes_`."""
        _not_sparse(X)
        job = self._fitted()
        asked = Asked(self._rows(X), job.spec)
        answers = [job.predicted(body) for body in asked.pieces()]
        asked.warn({warning for answer in answers for warning in answer.warnings})
        theirs = [self._names().index(str(name)) for name in answers[0].classes or []]
        shares = numpy.zeros((sum(len(answer.predictions) for answer in answers), len(self.classes_)))
        shares[:, theirs] = numpy.concatenate([numpy.asarray(answer.probabilities, dtype=float) for answer in answers])
        return shares

    def _texts(self, labels: Any) -> list[list[Any]]:
        names = self._names()
        numbers = numpy.searchsorted(self.classes_, numpy.asarray(labels))
        return [[names[n] for n in numbers.tolist()]]

    def _names(self) -> list[str]:
        """Return what each class is called on the server: its own text where that can't be taken for anything else."""
        texts = [str(label) for label in self.classes_.tolist()]
        is_plain = all(isinstance(label, str) for label in self.classes_.tolist())
        odd = not is_plain or any(text.strip() != text or text.strip().lower() in MISSING for text in texts)
        return [f"class {n}: {text}" for n, text in enumerate(texts)] if odd else texts


class RemoteRegressor(RegressorMixin, Remote):
    """A regressor that a Batchyard server trains and keeps; several targets are columns of y."""

    def fit(self, X: Any, y: Any, *, sample_weight: Any = None, eval_set: Any = None, wait: bool = True) -> Any:
        """Upload what the server has not, queue a job and wait for it; with `wait=False` return at once.

        Raises: InvalidTable; InvalidSpec; JobFailed; ServerUnreachable.
        """
        _not_sparse(X)
        if y is None:
            raise InvalidTable("This regressor requires y to be passed, but the target y is None.")
        self._train(X, y, self._targets(y), sample_weight, eval_set, wait, self._targets)
        return self

    def predict(self, X: Any) -> Any:
        """Return the values of each row, by the best epoch's weights."""
        _not_sparse(X)
        return numpy.asarray(self._fitted().predict(self._rows(X)), dtype=float)

    def _targets(self, y: Any) -> list[list[Any]]:
        values = numpy.asarray(y)
        if values.dtype.kind == "c":
            raise InvalidTable("Complex data not supported: split it into real and imaginary targets.")
        values = values.astype(float)
        if not numpy.isfinite(values).all():
            raise InvalidTable("Input y contains NaN or infinity. Leave out those rows.")
        if values.ndim == 2 and values.shape[1] == 1:
            values = column_or_1d(values, warn=True)
        if values.ndim == 1:
            return [values.tolist()]
        return [values[:, n].tolist() for n in range(values.shape[1])]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _numbers(rows: Any) -> Any:
    """Return an array of objects as numbers where it holds nothing else."""
    if rows.dtype.kind == "c":
        raise InvalidTable("Complex data not supported: split it into real and imaginary columns.")
    if rows.dtype.kind != "O":
        return rows
    try:
        return rows.astype(float)
    except ValueError:
        return rows


def _weights(weights: Any, rows: int) -> list[float]:
    values = numpy.asarray(weights, dtype=float)
    if values.ndim != 1 or len(values) != rows:
        raise InvalidTable(
            f"sample_weight has the shape {values.shape}, expected ({rows},): Sample weights must be 1D."
        )
    if len(values) and not values.any():
        raise InvalidTable("Sample weights are all zero. At least one must be above 0.")
    return [float(value) for value in values]


def _unused(name: str, names: list[str]) -> str:
    while name in names:
        name += "_"
    return name


def _not_sparse(X: Any) -> None:
    if hasattr(X, "toarray"):
        raise TypeError("Sparse data was passed, but dense data is required. Use '.toarray()' to convert it.")
