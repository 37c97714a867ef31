"""`batchyard up` and `batchyard demo`: the whole service on one machine, from wheels alone."""

import argparse
import signal
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

from local import demo
from local.stack import Stack
from services import cgroup, log_lines
from services.errors import BatchyardError
from services.settings import LOOPBACK, Settings


def main() -> None:
    """Run the command that the arguments name."""
    arguments = _parser().parse_args()
    try:
        settings = Settings.from_env()
        log_lines.begin(settings)
        arguments.run(settings, arguments)
    except BatchyardError as error:
        raise SystemExit(f"batchyard: {error.detail}") from error


def up(settings: Settings, arguments: argparse.Namespace) -> None:
    """Run the stack in the foreground until Ctrl-C or SIGTERM."""
    folder = (arguments.data_dir or settings.storage_dir).resolve()
    workers = arguments.workers or settings.worker_slots or cgroup.cpu_quota()
    stack = Stack(
        folder,
        arguments.port,
        workers,
        _say,
        host=arguments.host,
        owner=arguments.owner,
        redis_url=arguments.redis_url,
        database_url=arguments.database_url,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stack.stopping.set())
    began = time.monotonic()
    _say(f"Batchyard {version('batchyard')}  data in {folder}")
    try:
        stack.start()
        _say(f"Ready in {time.monotonic() - began:.0f} s    {stack.url}    ({_reached_by(arguments.host)})")
        _say("Stop   Ctrl-C")
        stack.watch()
        _say("Stopping: running jobs are stored at their current batch and continue at the next start.")
    finally:
        stack.stop()


def _reached_by(host: str) -> str:
    return "this host only" if host in LOOPBACK else f"bound to {host}: whoever reaches it needs a key"


def show(_settings: Settings, _arguments: argparse.Namespace) -> None:
    """Run the tutorial's job on a stack of its own, show its costs and a prediction, and stop."""
    with tempfile.TemporaryDirectory(prefix="batchyard-demo-") as folder:
        stack = Stack(Path(folder) / "data", 0, 1, lambda text: None)
        _say("Starting a temporary stack: database, queue, API, dispatcher, worker ...")
        try:
            stack.start()
            _say(f"It answers at {stack.url}.\n")
            demo.run(stack.url, _say)
        finally:
            _say("\nStopping the stack ...")
            stack.stop()
    _say("Stopped, and cleaned up. `make up` or `batchyard up` runs one that keeps its data.")


def _say(text: str) -> None:
    print(text, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="batchyard", description="The whole service on this machine.")
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("up", help="run the stack in the foreground; Ctrl-C stops it")
    command.add_argument("--data-dir", type=Path, help="folder of database, data sets and logs")
    command.add_argument("--port", type=int, default=8000, help="0: any free port")
    command.add_argument(
        "--host", default="127.0.0.1", help="address to listen on; any but this host's own requires keys"
    )
    command.add_argument("--owner", default="admin", help="owner of the first key, if keys are required")
    command.add_argument("--workers", type=int, default=0, help="number of jobs at once; default: the CPU quota")
    command.add_argument("--database-url", default="", help="use this PostgreSQL instead of SQLite in the data folder")
    command.add_argument("--redis-url", default="", help="use this Redis or Valkey instead of the embedded one")
    command.set_defaults(run=up)
    command = commands.add_parser("demo", help="train the tutorial's job on a temporary stack, and stop")
    command.set_defaults(run=show)
    return parser


if __name__ == "__main__":
    main()
