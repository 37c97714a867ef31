"""Keras 3 with PyTorch below it (`KERAS_BACKEND=torch`): `compile` and `fit` on arrays."""

import math
import time
from itertools import pairwise

import keras

from benchmarks.peers.work import FEATURES, LR, Fitted, Part, Work, tell


def dense(fan_in: int, width: int, activation: str | None) -> keras.layers.Dense:
    """Return a layer with PyTorch's first weights: Glorot's, Keras's default, end 3 % worse on this job."""
    bound = 1 / math.sqrt(fan_in)
    first = [keras.initializers.RandomUniform(-bound, bound) for _ in range(2)]
    return keras.layers.Dense(width, activation, kernel_initializer=first[0], bias_initializer=first[1])


def fit(work: Work, train: Part, valid: Part) -> Fitted:
    """Train and validate every epoch."""
    keras.utils.set_random_seed(work.seed)
    hidden = [dense(fan_in, width, "relu") for fan_in, width in pairwise([FEATURES, *work.hidden])]
    model = keras.Sequential([keras.Input((FEATURES,)), *hidden, dense(work.hidden[-1], 1, None)])
    model.compile(optimizer=keras.optimizers.Adam(LR, epsilon=1e-8), loss="mse")
    began = time.perf_counter()
    history = model.fit(
        train.features,
        train.targets,
        batch_size=work.batch_size,
        epochs=work.epochs,
        validation_data=(valid.features, valid.targets),
        verbose=0,
    ).history
    return Fitted(time.perf_counter() - began, history["val_loss"][-1])


if __name__ == "__main__":
    assert keras.backend.backend() == "torch"
    tell(fit, "keras")
