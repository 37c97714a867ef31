"""Jobs that differ in how they are trained: every choice that `train.py` writes out in another way."""

from typing import Any

from tests.export_cases import MIXED, PRICE, ROWS, SERIES

DAYS = [f"2026-{1 + n % 12:02}-{1 + n % 28:02}T08:30:00Z" for n in range(ROWS)]
PARTS = [["train", "validation", "train", "test", "train"][n % 5] for n in range(ROWS)]
COUNTS = [int(abs(value)) for value in SERIES[:, 3]]
LABEL = ["rare" if n % 9 == 0 else "often" if n % 2 else "some" for n in range(ROWS)]
COLUMNS: dict[str, Any] = {
    "age": MIXED["age"],
    "city": MIXED["city"],
    "day": DAYS,
    "part": PARTS,
    "shop": [f"shop {n % 30}" for n in range(ROWS)],
    "weight": [0.5 + n % 4 for n in range(ROWS)],
    "price": PRICE,
    "count": COUNTS,
    "label": LABEL,
    "yes": [["true", "false"][n % 3 == 0] for n in range(ROWS)],
}
FEATURES = ["age", "city", "day"]
FAST = {"type": "adam", "lr": 0.1}
SMALL = {"type": "mlp", "hidden": [8], "dropout": 0.2}


def recipe(target: str, **parts: Any) -> dict[str, Any]:
    """A spec on some of the columns."""
    data = {"target": target, "features": FEATURES} | parts.pop("data", {})
    return {"model": SMALL, "epochs": 4, "data": data, **parts}


RECIPES: dict[str, dict[str, Any]] = {
    "traced": recipe("price", batch_size=8, epochs=20, seed=2**32 - 1, early_stopping={"patience": 1}, optimizer=FAST),
    "weights of rows": recipe("label", data={"weight": "weight"}, split={"type": "time", "column": "day"}),
    "balanced classes": recipe("label", loss={"type": "cross_entropy", "class_weight": "balanced"}, optimizer="sgd"),
    "balanced labels": recipe("yes", loss={"type": "bce_with_logits", "pos_weight": "balanced"}, optimizer="nadam"),
    "said weights": recipe("label", loss={"type": "cross_entropy", "class_weight": [1.0, 2.0, 0.5]}, batch_size="full"),
    "counts": recipe("count", loss="poisson_nll", scheduler={"type": "cosine", "warmup_epochs": 2}, epochs=5),
    "by hash": recipe("price", split={"type": "hash", "column": "shop"}, scheduler={"type": "step", "step_epochs": 2}),
    "by days": recipe("price", split={"type": "hash", "column": "day"}, loss={"type": "huber", "delta": 0.5}),
    "by a column": recipe("price", split={"type": "column", "column": "part"}, gradient_clip={"norm": 0.1}),
    "one cycle": recipe("price", scheduler={"type": "onecycle", "max_lr": 0.01}, drop_last=True, batch_size=32),
    "plateau": recipe(
        "price",
        scheduler={"type": "plateau", "patience": 0},
        validation={"every_epochs": 2, "batch_size": 7},
        optimizer={"type": "rmsprop", "momentum": 0.9},
        epochs=6,
    ),
    "no validation": recipe("price", split="none", shuffle=False, data={"scale": "minmax", "target_scale": "none"}),
    "held out": recipe("label", split={"type": "random", "validation": 20, "test": 0.1}, gradient_clip={"value": 0.01}),
}
