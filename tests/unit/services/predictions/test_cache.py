"""The cache of loaded models is bounded, shared fairly, and loads each model once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from services.errors import CheckpointCorrupt
from services.predictions.cache import Cache
from services.training.input.column_inputs import Input
from services.training.input.preprocessing import Preprocessing
from services.training.predictor import Predictor

PREPROCESSING = Preprocessing("regression", "mse", [Input("a", "number", None)], ["y"], [None], None, None)


def predictor(size_bytes: int = 100) -> Predictor:
    """A model of so many bytes."""
    return Predictor(torch.nn.Linear(1, 1), PREPROCESSING, (1,), size_bytes)


def asked(cache: Cache, *names: str, owner: str = "one") -> list[str]:
    """Ask for models in turn; return which had to be loaded."""
    loaded = []
    for name in names:

        def load(name: str = name) -> Predictor:
            loaded.append(name)
            return predictor()

        cache.get(owner, name, load)
    return loaded


def test_the_one_goes_that_was_not_asked_for_longest() -> None:
    cache = Cache(max_bytes=250)

    assert asked(cache, "a", "b", "a", "c", "a", "b") == ["a", "b", "c", "b"]
    assert cache.bytes == 200


def test_an_owner_of_many_models_takes_no_room_from_one_of_few() -> None:
    cache = Cache(max_bytes=1_000)
    asked(cache, "x", "y", owner="few")

    asked(cache, *map(str, range(50)), owner="many")

    assert asked(cache, "x", "y", owner="few") == []
    assert cache.bytes <= 1_000


def test_a_model_larger_than_the_cache_is_answered_with_and_takes_the_room_of_others() -> None:
    cache = Cache(max_bytes=250)
    asked(cache, "a", owner="other")

    large = cache.get("one", "large", lambda: predictor(1_000))

    assert cache.peek("one", "large") is large
    assert cache.peek("other", "a") is None


def test_a_cold_model_is_loaded_once_however_many_ask() -> None:
    cache, loads, waiting = Cache(max_bytes=1_000), [], threading.Barrier(9)

    def load() -> Predictor:
        loads.append(1)
        threading.Event().wait(0.2)
        return predictor()

    def ask(_: int) -> Predictor:
        waiting.wait()
        return cache.get("one", "cold", load)

    with ThreadPoolExecutor(9) as pool:
        found = list(pool.map(ask, range(9)))

    assert len(loads) == 1
    assert len({id(one) for one in found}) == 1


def test_a_load_that_fails_is_tried_again_by_the_next_who_asks() -> None:
    cache = Cache(max_bytes=1_000)

    def damaged() -> Predictor:
        raise CheckpointCorrupt

    with pytest.raises(CheckpointCorrupt):
        cache.get("one", "a", damaged)

    assert asked(cache, "a") == ["a"]
