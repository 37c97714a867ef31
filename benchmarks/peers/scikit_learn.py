"""scikit-learn's `MLPRegressor`, one `partial_fit` an epoch: the only way to validate between epochs."""

import math
import time

import numpy as np
from sklearn.neural_network import MLPRegressor

from benchmarks.peers.work import LR, Fitted, Part, Work, tell


class SameStart(MLPRegressor):
    """The regressor with PyTorch's first weights: Glorot's, which it draws itself, end 3 % worse on this job."""

    def _init_coef(self, fan_in: int, fan_out: int, dtype: type) -> tuple[np.ndarray, np.ndarray]:
        bound = 1 / math.sqrt(fan_in)
        weights = self._random_state.uniform(-bound, bound, (fan_in, fan_out))
        biases = self._random_state.uniform(-bound, bound, fan_out)
        return weights.astype(dtype, copy=False), biases.astype(dtype, copy=False)


def fit(work: Work, train: Part, valid: Part) -> Fitted:
    """Train and validate every epoch."""
    model = SameStart(
        hidden_layer_sizes=tuple(work.hidden),
        activation="relu",
        solver="adam",
        alpha=0.0,
        batch_size=work.batch_size,
        learning_rate_init=LR,
        early_stopping=False,
        random_state=work.seed,
    )
    train_targets, valid_targets = train.targets[:, 0], valid.targets[:, 0]
    val_cost = None
    began = time.perf_counter()
    for _epoch in range(work.epochs):
        model.partial_fit(train.features, train_targets)
        val_cost = float(np.mean((model.predict(valid.features) - valid_targets) ** 2))
    return Fitted(time.perf_counter() - began, val_cost)


if __name__ == "__main__":
    tell(fit, "scikit-learn")
