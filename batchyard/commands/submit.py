"""`submit` and `validate`: from flags, YAML, TOML, JSON or standard input."""

import sys
from pathlib import Path
from typing import Any

import click

from batchyard import spec_files
from batchyard.client import Client
from batchyard.command import global_options
from batchyard.commands import session, words
from batchyard.errors import InvalidSpec, InvalidTable, sentence
from batchyard.errors import place as place_of
from batchyard.spec_files import SpecFile


def spec_options(command: Any) -> Any:
    """Add the flags that say a spec, or change one."""
    for names, how in (
        (
            ("--set", "changes"),
            {"multiple": True, "metavar": "KEY=VALUE", "help": "Set optimizer.lr=0.01; repeatable."},
        ),
        (("--tag", "tags"), {"multiple": True, "help": "A tag; repeatable."}),
        (("--name",), {"help": "Name of the job."}),
        (("--model",), {"help": "A model, such as mlp."}),
        (("--target",), {"help": "The column to predict."}),
        (("--builtin",), {"help": "A sample table, such as iris."}),
        (
            ("--data",),
            {"metavar": "FILE", "help": "A CSV, Parquet, JSON Lines or NPZ file, or a data set on the server."},
        ),
    ):
        command = click.option(*names, **how)(command)
    return command


@click.command()
@click.argument("file", required=False)
@spec_options
@click.option("--watch", "-w", is_flag=True, help="Watch the job until it finishes.")
@click.option(
    "--wait", is_flag=False, flag_value=0.0, type=float, help="Wait until the job finishes, at most this many seconds."
)
@click.option("--dry-run", "-n", is_flag=True, help="Check the spec and store nothing.")
@click.option("--idempotency-key", help="For a day, the same key and spec return the same job.")
@global_options
def submit(
    file: str | None, watch: bool, wait: float | None, dry_run: bool, idempotency_key: str | None, **flags: Any
) -> None:
    """Submit a job from FILE (YAML, TOML, JSON; - is standard input), or from flags; print its id."""
    with session.client() as by:
        found = _spec(file, flags)
        _with_data(by, found, flags["data"], check_only=dry_run)
        try:
            if dry_run:
                _show_valid(by.jobs.validate(found.spec))
                return
            job = by.jobs.submit(found.spec, idempotency_key=idempotency_key)
        except InvalidSpec as error:
            _refuse(found, error)
        session.say(words.queued(job))
        if not session.chosen("quiet") and (place := words.place(job.data.get("queue"))):
            session.say(place)
        for warning in job.data.get("warnings", []):
            session.say(f"! {warning['message']}")
        # Before it is waited for: who stops waiting has the id.
        if not session.wants_json():
            click.echo(job.id)
        if watch or wait is not None:
            from batchyard.commands.watch import How, follow

            follow([job], How(quiet=not watch, timeout=wait or None))
        if session.wants_json():
            session.result(job.data)
        if not (watch or wait is not None):
            session.say("  Follow   batchyard watch\n  Predict  batchyard predict rows.csv")
            session.say(f"  Cancel   batchyard cancel {session.short(job.id)}")


@click.command()
@click.argument("file", required=False)
@spec_options
@global_options
def validate(file: str | None, **flags: Any) -> None:
    """Check a spec and store nothing. FILE as in submit."""
    with session.client() as by:
        found = _spec(file, flags)
        _with_data(by, found, flags["data"], check_only=True)
        try:
            _show_valid(by.jobs.validate(found.spec))
        except InvalidSpec as error:
            _refuse(found, error)


def parsed_changes(changes: tuple[str, ...]) -> dict[str, Any]:
    """Return `optimizer.lr=0.01` as nested keys; values are read as YAML."""
    import yaml

    whole: dict[str, Any] = {}
    for change in changes:
        key, equals, text = change.partition("=")
        if not equals or not key:
            raise click.UsageError(f"--set takes KEY=VALUE, such as optimizer.lr=0.01; this is {change!r}.")
        try:
            value = spec_files.value(text)
        except yaml.YAMLError as error:
            raise click.UsageError(f"--set {key}: {text!r} can't be read as a value.") from error
        inner = whole
        *above, last = key.split(".")
        for part in above:
            inner = inner.setdefault(part, {})
        inner[last] = value
    return whole


def _spec(file: str | None, flags: dict[str, Any]) -> SpecFile:
    found = _read(file) if file else SpecFile("flags", {})
    if not file and not (flags["data"] or flags["builtin"] or flags["changes"]):
        raise click.UsageError(
            "What should be trained? Pass a file (batchyard submit job.yaml), --data rows.csv --target COLUMN, "
            "or --builtin iris."
        )
    spec = found.spec
    if flags["builtin"]:
        spec["data"] = {**_data(spec), "builtin": flags["builtin"]}
    if flags["target"]:
        spec["data"] = {**_data(spec), "target": flags["target"]}
    for key in ("name", "model"):
        if flags[key]:
            spec[key] = flags[key]
    if flags["tags"]:
        spec["tags"] = [*spec.get("tags", []), *flags["tags"]]
    spec.setdefault("model", "mlp")  # before the changes: model.hidden alone is one of the usual model
    _merge(spec, parsed_changes(flags["changes"]))
    return found


def _read(file: str) -> SpecFile:
    if file == "-":
        return spec_files.read(sys.stdin.read(), "standard input")
    path = Path(file)
    if path.is_dir():
        raise InvalidTable(f"{file} is a folder. Name the spec in it, such as {path / 'job.yaml'}.")
    try:
        return spec_files.read(path.read_text(), file)
    except FileNotFoundError:
        raise InvalidTable(f"There is no file {file}. Write one: batchyard init rows.csv --target COLUMN") from None
    except UnicodeDecodeError:
        raise InvalidTable(f"{file} is not text. To send a table: --data {file} --target COLUMN.") from None


def _with_data(by: Client, found: SpecFile, file: str | None, *, check_only: bool) -> None:
    """Upload the file that is named here, or beside the spec as `data.file`."""
    data = _data(found.spec)
    named = file or data.get("file")
    if not named:
        return
    path = Path(named) if file or found.name in {"flags", "standard input"} else Path(found.name).parent / named
    rest = {key: value for key, value in data.items() if key not in {"file", "dataset", "builtin"}}
    if not path.exists() and file and not Path(file).suffix:
        found.spec["data"] = {**rest, "dataset": file}
        return
    if not path.exists():
        raise InvalidTable(f"There is no file {path}. For data sets on the server: batchyard data ls")
    dataset = by.datasets.upload(path, progress=session.progress(f"Uploading {path.name}"))
    session.say(words.uploaded(dataset))
    found.spec["data"] = {**rest, "dataset": dataset.id}


def _data(spec: dict[str, Any]) -> dict[str, Any]:
    data = spec.get("data") or {}
    return dict(data) if isinstance(data, dict) else {}


def _merge(spec: dict[str, Any], changes: dict[str, Any]) -> None:
    for key, value in changes.items():
        if isinstance(value, dict):
            below = spec.get(key)
            # `model: mlp` says the same as `model: {type: mlp}`, and only the latter has room for more.
            spec[key] = dict(below) if isinstance(below, dict) else {"type": below} if below else {}
            _merge(spec[key], value)
        else:
            spec[key] = value


def _show_valid(found: dict[str, Any]) -> None:
    for warning in found.get("warnings", []):
        session.say(f"! {warning['message']}")
    session.say(f"✓ Valid: {found['model_summary']['parameters']:,} parameters. Nothing was submitted.")
    if session.wants_json():
        session.result(found)


def _refuse(found: SpecFile, error: InvalidSpec) -> None:
    """Show each fault with its line, and end with code 2."""
    count = error.problem.get("total_errors", len(error.errors))
    problems = "1 problem" if count == 1 else f"{count} problems"
    click.echo(f"✗ {found.name} is not a valid job spec ({problems})\n", err=True)
    for fault in error.errors:
        line = found.line(str(fault.get("pointer", "")))
        where = f"line {line}" if line else ""
        click.echo(f"  {where:<8} {place_of(str(fault.get('pointer', '#'))):<18} {sentence(fault)}", err=True)
    if not error.errors:
        click.echo(f"  {error}", err=True)
    click.echo("\n  Nothing was submitted. What a spec can name: batchyard catalog", err=True)
    click.get_current_context().exit(2)
