"""A model card: what a model is, what it was trained on, how good it is, and what it can't do."""

from collections.abc import Iterable
from typing import Any

from services.exports.subject import Subject
from services.training.predictor import Predictor

MOST_COLUMNS = 50  #: that are described one by one


def card(subject: Subject, predictor: Predictor) -> str:
    """Return the card in Markdown."""
    parts = [
        _head(subject, predictor),
        _data(subject),
        _columns(predictor),
        _results(subject),
        _limits(subject, predictor),
        _repeating(subject, predictor),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def _head(subject: Subject, predictor: Predictor) -> list[str]:
    spec, preprocessing = subject.spec, predictor.preprocessing
    what = {
        "regression": f"Predicts {_listed(preprocessing.targets)}, in original units",
        "multilabel": f"Predicts for each of {_listed(preprocessing.targets)} whether it holds",
    }.get(preprocessing.task, f"Predicts {preprocessing.targets[0]}: one of {_listed(preprocessing.classes or [])}")
    return [
        f"# {subject.name}",
        "",
        f"{what}.",
        "",
        "| | |",
        "|---|---|",
        f"| model | {spec['model']['type']}, {predictor.parameters:,} parameters |",
        f"| loss | {spec['loss']['type']} |",
        f"| optimizer | {_settings(spec['optimizer'])} |",
        f"| batch size | {spec['batch_size']} |",
        f"| checkpoint | epoch {subject.checkpoint['epoch']} of {len(subject.epochs)} |",
        f"| weights (SHA-256) | `{predictor.weights_sha256}` |",
        f"| job | `{subject.job}`, trained {subject.trained_at} |",
    ]


def _data(subject: Subject) -> list[str]:
    spec, rows = subject.spec, subject.rows
    return [
        "## Data",
        "",
        f"{rows.info.rows:,} rows of `{rows.dataset}` (SHA-256 `{rows.sha256}`), split: {_settings(spec['split'])}.",
        "Scalings, and what stands for missing values, were learnt from the training rows alone.",
    ]


def _columns(predictor: Predictor) -> list[str]:
    columns = predictor.preprocessing.inputs
    lines = ["## Inputs", "", "| column | type | in training |", "|---|---|---|"]
    for column in columns[:MOST_COLUMNS]:
        if column.shape is not None:
            seen = f"shape {column.shape}"
        elif column.values is not None and column.type != "number":
            seen = _listed(column.values, 8)
        else:
            seen = "" if column.low is None else f"{column.low:.6g} to {column.high:.6g}"
        missing = ", some missing" if column.missing else ""
        lines.append(f"| {_cell(column.name)} | {column.type} | {_cell(seen)}{missing} |")
    more = len(columns) - MOST_COLUMNS
    return [*lines, f"| … {more:,} more | | |"] if more > 0 else lines


def _results(subject: Subject) -> list[str]:
    found = {name: value for name, value in subject.checkpoint["metrics"].items() if isinstance(value, int | float)}
    test = {name: value for name, value in (subject.test or {}).items() if name != "epoch"}
    lines = ["## Results", "", "| measure | value |", "|---|---|"]
    both = (found | test).items()
    lines += [f"| {name} | {value:.6g} |" for name, value in both if isinstance(value, int | float)]
    baseline = subject.baseline
    if baseline and isinstance(baseline.get("cost"), int | float):
        lines.append(f"| cost of the same answer for every row ({baseline['predicts']}) | {baseline['cost']:.6g} |")
    if predictor_scaled(subject):
        lines += ["", "Costs are in the scale of the loss, metrics in original units."]
    return lines


def predictor_scaled(subject: Subject) -> bool:
    """Return whether costs and metrics are in different units."""
    return bool(subject.spec["task"] == "regression" and subject.spec["data"].get("target_scale") != "none")


def _limits(subject: Subject, predictor: Predictor) -> list[str]:
    lines = ["## Limits", ""]
    lines.append("- It has learnt from the data above alone; nobody has measured it outside the ranges of its inputs.")
    if any(column.type == "category" for column in predictor.preprocessing.inputs):
        lines.append("- A category that training did not have is treated like any other rare one, or refused.")
    if predictor.preprocessing.task != "regression":
        scaled = predictor.preprocessing.temperature
        lines.append(
            "- Probabilities are as the net gives them; they are not calibrated."
            if scaled == 1.0
            else f"- Probabilities are calibrated on the validation rows, with the temperature {scaled:.4g}."
        )
    return lines


def _repeating(subject: Subject, predictor: Predictor) -> list[str]:
    known = {
        name: subject.environment.get(name) for name in ("torch", "python", "device", "instruction_set", "threads")
    }
    words = ", ".join(f"{name} {value}" for name, value in known.items() if value is not None)
    return ["## Trained with", "", f"{words}; seed {subject.spec['seed']}."]


def _settings(found: Any) -> str:
    if not isinstance(found, dict):
        return str(found)
    rest = ", ".join(f"{name} {value}" for name, value in found.items() if name != "type" and value is not None)
    return f"{found['type']} ({rest})" if rest else str(found["type"])


def _listed(values: Iterable[Any], most: int = 12) -> str:
    found = [str(value) for value in values]
    return ", ".join(found[:most]) + (f" and {len(found) - most} more" if len(found) > most else "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
