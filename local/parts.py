"""One part of the server alone, as containers and the local stack start it: `python -m local.parts PART`."""

import argparse
import math
import os
import resource
import socket
import sys
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

from local import backups, healthcheck, keys, retention
from services import log_lines
from services.db.engine import Database
from services.db.schema import check_schema, migrate
from services.errors import BatchyardError, NotReady
from services.objects.address import Address
from services.settings import Settings, child_environment

LONGEST_END_S = 1_800  #: more the server does not take
SILENT_S = 30  #: a connection whose next request is not there after so long is closed


def main() -> None:
    """Start the part that the arguments name; a part that can't start says why in one sentence."""
    arguments = _parser().parse_args()
    try:
        settings = Settings.from_env()
        log_lines.begin(settings)
        Address.of(settings)  # a mistake in it stops each part at its start
        arguments.start(settings, arguments)
    except BatchyardError as error:
        raise SystemExit(f"batchyard {arguments.part}: {error.detail}") from error


def api(settings: Settings, arguments: argparse.Namespace) -> None:
    """Replace this process by the API's server."""
    host, _, port = arguments.bind.rpartition(":")
    replace(settings, bound_host=host).check_doors()
    # granian shares a port that is in use, silently, so it is tried first.
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError as error:
            raise SystemExit(
                f"batchyard api: {arguments.bind} can't be used ({error.strerror}); choose another port"
            ) from None
    _check_schema(settings)
    _allow_open_files(settings.max_connections)
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--host", host, "--port", port]
    # What the server calls backpressure is the number of its connections.
    command += ["--workers", "1", "--backpressure", str(settings.max_connections), "--http", "1", "--no-ws"]
    end_s = min(LONGEST_END_S, max(1, math.ceil(settings.api_drain_s + settings.api_grace_s)))
    command += ["--http1-header-read-timeout", str(SILENT_S * 1000), "--workers-kill-timeout", str(end_s)]
    command += ["--log-level", "error", "api.asgi:app"]
    # The server keeps this process's number.
    told = {"BATCHYARD_API_PID": str(os.getpid()), "BATCHYARD_BOUND_HOST": host}
    os.execve(sys.executable, command, child_environment(**told))


def worker(settings: Settings, arguments: argparse.Namespace) -> None:
    """Be a worker."""
    from worker.main import run

    run(settings, arguments.device, arguments.concurrency, arguments.heartbeat_file)


def dispatcher(settings: Settings, arguments: argparse.Namespace) -> None:
    """Be the dispatcher."""
    from worker.dispatcher import run

    run(settings, arguments.heartbeat_file)


def migrating(settings: Settings, _: argparse.Namespace) -> None:
    """Bring the database's schema up to date, and end."""
    with closing(Database(settings)) as database:
        print(f"The database has schema {migrate(database)}.")


def _check_schema(settings: Settings) -> None:
    """Refuse a database that another release has to serve; one that is away is asked again by `/readyz`.

    Raises: SchemaMismatch.
    """
    with closing(Database(settings, pool_size=1)) as database, suppress(NotReady):
        check_schema(database)


def _allow_open_files(connections: int) -> None:
    """Raise the process's own limit of open files as far as its connections and as much again need it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * connections
    if soft < wanted:
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="batchyard server", description="Run one part of the server.")
    parts = parser.add_subparsers(dest="part", required=True)
    part = parts.add_parser("api", help="the HTTP API")
    part.add_argument("--bind", default="127.0.0.1:8000", metavar="HOST:PORT")
    part.set_defaults(start=api)
    part = parts.add_parser("worker", help="a worker that trains")
    part.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    part.add_argument("--concurrency", type=int, default=0, help="number of jobs at once; default: the CPU quota")
    part.add_argument("--heartbeat-file", type=Path)
    part.set_defaults(start=worker)
    part = parts.add_parser("dispatcher", help="sends nudges and requeues the jobs of lost workers")
    part.add_argument("--heartbeat-file", type=Path)
    part.set_defaults(start=dispatcher)
    part = parts.add_parser("migrate", help="brings the database's schema up to date")
    part.set_defaults(start=migrating)
    part = parts.add_parser("healthcheck", help="asks the API whether it is ready")
    part.add_argument("--url", default=healthcheck.URL)
    part.set_defaults(start=lambda _settings, arguments: healthcheck.check(arguments.url))
    keys.add_parser(parts)
    backups.add_parsers(parts)
    retention.add_parser(parts)
    return parser


if __name__ == "__main__":
    main()
