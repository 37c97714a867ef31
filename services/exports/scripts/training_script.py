"""`train.py` of a bundle: the mini-batch loop of a tutorial that repeats a job's costs to the bit."""

import hashlib
from typing import Any

import numpy as np

from services.exports.scripts.assembly import Assembly
from services.exports.scripts.net_source import net_source
from services.exports.scripts.prediction_script import listed
from services.exports.scripts.recipe import loss_source, optimizer_source, scheduler_source, split_source
from services.exports.subject import Subject
from services.specs.schema.job import JobSpec
from services.specs.schema.optimizers import ClipNorm
from services.training.build import MEMBERS
from services.training.input.preprocessing import BIN_ROWS, MAX_BINS
from services.training.predictor import Predictor

PLAIN = "services.exports.plain"
#: Where the names of the script's own text are found.
HOMES = [
    *(f"{PLAIN}.{name}" for name in ("training", "split", "cells", "features")),
    "services.training.losses",
    "services.training.weights",
]
WORDS = """Trains the model {name} again, to the bit, with PyTorch and NumPy alone.

    python train.py --data FILE.csv [--json]

FILE.csv has the rows that the job was trained on, in their order, with the columns {columns}.
What becomes of each column is read from preprocessing.json beside this script. The same bits need the same
arithmetic: PyTorch {torch} on a CPU with {instruction_set}, and {threads} thread(s). Elsewhere the last digits differ.
With --json the last line is {{"train_cost": […], "val_cost": […], "weights_sha256": …}}: the costs of every epoch, and
the weights after epoch {kept}, those of model.safetensors. The loop stands at the end: `train`."""
READ = '''def read_examples(path: str) -> tuple[Examples, Examples]:
    """Return the rows of a CSV that train, and those that validate."""
    names, rows = read_csv(path, {delimiter!r}, header={header!r})
    about = preprocessing()
    cells = feature_cells(names, rows, about["inputs"])
    check_data(len(rows), cells, ROWS, CELLS_SHA256)
    targets = encoded_targets(names, rows, about)
    trains, validates = {split}
    features = features_of(torch.from_numpy(cells), about["inputs"]).reshape(-1, *about["shape"])
{weights}    return Examples(features[trains], targets[trains]), Examples(features[validates], targets[validates])'''
WEIGHTS = """    weights = number_cells(texts_of(names, rows, {weight!r}), {weight!r})
    factor = 1.0 / max(float(weights[trains].mean(dtype=np.float64)), 1e-30)  # they are 1 on average
    weights = torch.from_numpy(weights * np.float32(factor))[:, None]
    targets = torch.cat([targets.reshape(len(targets), -1).float(), weights], 1)
"""
TRAIN = '''def train(path: str) -> Costs:
    """Return the costs of every epoch, and the SHA-256 of the weights after epoch KEPT_EPOCH."""
    torch.set_num_threads({threads})
    torch.set_flush_denormal(True)
{deterministic}    train_examples, validation_examples = read_examples(path)
{before}    torch.manual_seed(SEED)
    model = make_model({bins})
    cost_function = {loss}
    optimizer = {optimizer}
    batches = EpochBatches(len(train_examples), {size}, seed=SEED, shuffle={shuffle}, drop_last={drop_last})
    train_loader = DataLoader(train_examples, batch_sampler=batches, collate_fn=as_it_is, generator=torch.Generator())
    validation_loader = measured(validation_examples, {measured})
{scheduler}    train_costs, val_costs, sha256 = [], [], ""
    for epoch in range(1, EPOCHS + 1):
        batches.epoch = epoch
        model.train()
        costs, amounts_of_batches = [], []
        for features, targets in train_loader:
            optimizer.zero_grad()
            predictions = model(features)
            cost = cost_function(predictions, targets)
            cost.backward()
{clip}            optimizer.step()
{each_step}            costs.append(cost.detach())
            amounts_of_batches.append({amounts}(cost_function, targets))
        train_costs.append(mean_cost(costs, amounts_of_batches))
        val_cost = None
        if len(validation_examples){validates}:
            val_cost = measured_cost(model, cost_function, validation_loader, {amounts})
        val_costs.append(val_cost)
        if epoch == KEPT_EPOCH:
            sha256 = digest(model.state_dict())
{each_epoch}    return train_costs, val_costs, sha256'''
DETERMINISTIC = "    torch.use_deterministic_algorithms(True)\n"
MAIN = 'if __name__ == "__main__":\n    main(train)'


def training_script(subject: Subject, predictor: Predictor) -> str:
    """Return the script of a job that `unrepeatable` has nothing against."""
    spec, source, assembly = subject.job_spec, net_source(predictor.model), Assembly()
    loss = loss_source(spec, members=spec.model.type in MEMBERS)
    weighs = spec.data.weight is not None or bool(getattr(spec.loss, "class_weight", None))
    for module, name in sorted(source.used):
        assembly.add(module, name)
    dialect = subject.rows.dialect or {"delimiter": ",", "header": True}
    weight = WEIGHTS.format(weight=spec.data.weight) if spec.data.weight is not None else ""
    split = split_source(spec, subject.rows.info)
    own = [
        READ.format(delimiter=dialect["delimiter"], header=dialect["header"], split=split, weights=weight),
        source.function(),
        TRAIN.format(amounts="amounts" if weighs else "by_rows", loss=loss, **_loop(spec, source.edges)),
        MAIN,
    ]
    for text in own:
        assembly.add_for(text, HOMES)
    return assembly.script(_words(subject, predictor), _constants(subject, predictor), own)


def _loop(spec: JobSpec, edges: list[int]) -> dict[str, str]:
    """Return the lines of the loop that differ from job to job."""
    before = ""
    if edges:
        before = f"    bins = bins_of(train_examples.features, {len(edges)}, {MAX_BINS}, {BIN_ROWS})\n"
    if "balanced" in loss_source(spec, members=False):
        before += f"    wanted = train_examples.targets{'[:, :-1]' if spec.data.weight is not None else ''}\n"
    clip = ""
    if isinstance(spec.gradient_clip, ClipNorm):
        clip = f"            nn.utils.clip_grad_norm_(model.parameters(), {spec.gradient_clip.norm!r})\n"
    elif spec.gradient_clip is not None:
        clip = f"            nn.utils.clip_grad_value_(model.parameters(), {spec.gradient_clip.value!r})\n"
    scheduler: Any = spec.scheduler
    each_step = scheduler is not None and scheduler.type == "onecycle"
    every = spec.validation.every_epochs
    return {
        "threads": str(spec.threads),
        "deterministic": DETERMINISTIC if spec.deterministic else "",
        "before": before,
        "bins": "bins" if edges else "",
        "optimizer": optimizer_source(spec.optimizer),
        "size": "len(train_examples)" if spec.batch_size == "full" else str(spec.batch_size),
        "shuffle": str(spec.shuffle),
        "drop_last": str(spec.drop_last),
        "measured": str(spec.validation.rows),
        "scheduler": "".join(f"    {line}\n" for line in scheduler_source(scheduler)),
        "clip": clip,
        "each_step": "            scheduler.step()\n" if each_step else "",
        "validates": "" if every == 1 else f" and (epoch % {every} == 0 or epoch == ASKED_EPOCHS)",
        "each_epoch": "" if scheduler is None or each_step else _each_epoch(spec, scheduler),
    }


def _each_epoch(spec: JobSpec, scheduler: Any) -> str:
    if scheduler.type != "plateau":
        return "        scheduler.step()\n"
    value = "val_cost" if spec.monitor.metric == "val_cost" else "train_costs[-1]"
    sign = "" if spec.monitor.mode == "min" else "-"
    if value != "val_cost" or spec.validation.every_epochs == 1:
        return f"        scheduler.step({sign}{value})\n"
    return (
        f"        if {value} is None:\n            scheduler.num_bad_epochs += 1  # patience is of epochs\n"
        f"        else:\n            scheduler.step({sign}{value})\n"
    )


def _constants(subject: Subject, predictor: Predictor) -> list[str]:
    spec, info, rows = subject.job_spec, subject.rows.info, subject.rows
    places = [info.names.index(column.name) for column in predictor.preprocessing.inputs]
    table = np.memmap(str(rows.table), dtype="<f4", mode="r", shape=(info.rows, len(info.columns)))
    cells = np.ascontiguousarray(table[:, places])
    stopped = f"  # it stopped here: {subject.stop_reason}" if len(subject.epochs) < spec.epochs else ""
    found = [
        f"SEED = {spec.seed}",
        f"EPOCHS = {len(subject.epochs)}{stopped}",
        f"ASKED_EPOCHS = {spec.epochs}",
        f"KEPT_EPOCH = {subject.checkpoint['epoch']}  # whose weights are in model.safetensors",
        f"ROWS = {info.rows}",
        f'CELLS_SHA256 = "{hashlib.sha256(cells.tobytes()).hexdigest()}"  # of the features, as float32',
    ]
    return found + (
        [f"CLASSES = {predictor.preprocessing.outputs}"] if predictor.preprocessing.task == "multiclass" else []
    )


def _words(subject: Subject, predictor: Predictor) -> str:
    data = subject.job_spec.data
    columns = [*(column.name for column in predictor.preprocessing.inputs)]
    names = f"{listed(columns)}; {', '.join([*data.targets, *([data.weight] if data.weight else [])])}"
    known = {name: subject.environment.get(name, "?") for name in ("torch", "instruction_set", "threads")}
    return WORDS.format(name=subject.name, columns=names, kept=subject.checkpoint["epoch"], **known)
