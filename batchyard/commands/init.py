"""`init`: a commented job.yaml from the columns of a CSV."""

import csv
import json
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

import click

from batchyard.command import global_options
from batchyard.commands import session
from batchyard.errors import InvalidTable
from batchyard.payloads import payload_of

TEXT = """\
# A job for Batchyard. Check it: batchyard validate {output}    Submit it: batchyard submit {output} --watch
data:
  file: {file}  # uploaded when this is submitted, unless the server has it
  target: {target}  # the column to predict
  # features: [{features}]  # default: all other columns
model:
  type: {model}  # linear, mlp, tabm ...: batchyard catalog
# optimizer: {{type: adamw, lr: 0.001}}
# epochs: 200  # at most
# early_stopping: {{patience: 16}}  # stop after so many epochs without a better validation cost; false: never
# split: {{type: random, validation: 0.2}}
# seed: 0
"""


@click.command()
@click.argument("file", metavar="CSV")
@click.option("--target", required=True, help="The column to predict.")
@click.option("--model", default="mlp", show_default=True, help="The model to train.")
@click.option("-o", "--output", default="job.yaml", show_default=True, metavar="FILE", help="Where to write it.")
@global_options
def init(file: str, target: str, model: str, output: str) -> None:
    """Write a commented job.yaml for a CSV. An existing file is never overwritten."""
    names = _names(file)
    if target not in names:
        near = get_close_matches(target, names, 1)
        meant = f" Did you mean {near[0]!r}?" if near else f" It has: {', '.join(names[:20])}."
        raise InvalidTable(f"{target!r} is not a column of {file}.{meant}")
    path = Path(output)
    shown = file if Path(file).is_absolute() or path.parent == Path() else str(Path(file).resolve())
    features = ", ".join(json.dumps(name, ensure_ascii=False) for name in names if name != target)
    text = TEXT.format(
        output=output,
        file=json.dumps(shown, ensure_ascii=False),
        target=json.dumps(target, ensure_ascii=False),
        model=model,
        features=features,
    )
    try:
        with open(path, "x") as written:
            written.write(text)
    except FileExistsError:
        raise InvalidTable(
            f"{output} exists already and is not overwritten. Choose another: --output other.yaml"
        ) from None
    session.say(f"✓ Wrote {output}. Submit it: batchyard submit {output} --watch")


def _names(file: str) -> list[str]:
    payload_of(Path(file))  # says what is wrong with a folder, an empty file, or none
    try:
        with open(file, newline="", encoding="utf-8-sig") as opened:
            first = "".join(islice(opened, 1))
    except UnicodeDecodeError:
        first = "\0"
    if "\0" in first:
        raise InvalidTable(f"{file} is not CSV in UTF-8. Save it as CSV (UTF-8) with a header.")
    return next(csv.reader([first.rstrip("\r\n")], delimiter=max(",;\t|", key=first.count)))
