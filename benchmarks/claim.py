"""How much slower claims, lists and polls are with 1,100,000 jobs than with 2,000, on SQLite and on PostgreSQL.

Both databases of a kind are asked in turn, in one run. A tenth of the queued jobs waits, at the heads of the queues,
for the end of a pause; what was claimed stays running.
"""

import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import median

from sqlalchemy import create_engine, text

from benchmarks import many_rows
from benchmarks.report import report
from services.attempts.reaper import Reaper
from services.db.engine import Database
from services.db.schema import migrate
from services.jobs.listing import Filters
from services.settings import Settings
from services.wiring.base import Base
from tests import postgres

SIZES = {"small": (1_000, 1_000), "large": (1_000_000, 100_000)}
ROUNDS = 100
BAR = 1.5
OWNER = "owner-7"
Asked = Callable[[], object]


def asked(rooms: Base) -> dict[str, Asked]:
    """Return what is measured, by what the report calls it."""
    listing, reading = rooms.jobs.listing, rooms.jobs.lookup
    ends = many_rows.ends(rooms.database, OWNER)
    first = listing.page(OWNER, Filters())
    statuses = {status: Filters(statuses=[status]) for status in ("queued", "succeeded", "cancelled")}
    second = listing.page(OWNER, statuses["succeeded"])
    return {
        "claim": lambda: rooms.queue.claims.claim("cpu", "benchmark"),
        "claim where nothing is eligible": lambda: rooms.queue.claims.claim("cuda", "benchmark"),
        "eligible": lambda: rooms.eligible("cpu"),
        "eligible where nothing is": lambda: rooms.eligible("cuda"),
        "first page": lambda: listing.page(OWNER, Filters()),
        "next page": lambda: listing.page(OWNER, Filters(), after=first.next),
        "first page by name": lambda: listing.page(OWNER, Filters(), sort="name"),
        **{f"page of {name}": lambda f=given: listing.page(OWNER, f) for name, given in statuses.items()},
        "page of cancelled or failed": lambda: listing.page(OWNER, Filters(statuses=["cancelled", "failed"])),
        "next page of succeeded": lambda: listing.page(OWNER, statuses["succeeded"], after=second.next),
        "page of queued or cancelled": lambda: listing.page(OWNER, Filters(statuses=["queued", "cancelled"])),
        "poll of a finished job": lambda: reading.get(OWNER, ends.finished),
        "poll of the first queued job": lambda: reading.get(OWNER, ends.first_queued),
        "poll of the last queued job": lambda: reading.get(OWNER, ends.last_queued),
        "first look of the reaper": lambda: Reaper(rooms.database, rooms.attempts.lifecycle, rooms.settings).look(),
    }


def milliseconds(ask: Asked) -> float:
    """Return how long one call takes."""
    began = time.perf_counter()
    ask()
    return (time.perf_counter() - began) * 1e3


def compared(rooms: dict[str, Base]) -> dict[str, dict[str, float]]:
    """Return the median of each thing that is asked, in the small and in the large database."""
    asks = {size: asked(found) for size, found in rooms.items()}
    found: dict[str, dict[str, list[float]]] = {name: {size: [] for size in SIZES} for name in asks["small"]}
    for turn in range(ROUNDS + 1):
        for name, times in found.items():
            for size in list(SIZES) if turn % 2 else list(SIZES)[::-1]:
                took = milliseconds(asks[size][name])
                if turn:  # the first one prepares the statement
                    times[size].append(took)
    return {name: {size: median(times[size]) for size in SIZES} for name, times in found.items()}


def sqlite(folder: Path, _socket: Path) -> dict[str, Base]:
    """Return the rooms over two files."""
    return {size: _made(Settings(storage_dir=folder / f"sqlite-{size}"), size) for size in SIZES}


def postgresql(folder: Path, socket: Path) -> dict[str, Base]:
    """Return the rooms over two databases of one server."""
    server = create_engine(f"postgresql+psycopg://postgres@/postgres?host={socket}", isolation_level="AUTOCOMMIT")
    found = {}
    for size in SIZES:
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {size}"))
        url = f"postgresql+psycopg://postgres@/{size}?host={socket}"
        found[size] = _made(Settings(database_url=url, storage_dir=folder / f"postgresql-{size}"), size)
    server.dispose()
    return found


def main() -> None:
    """Fill both databases of both kinds, ask them in turn, report."""
    lines = []
    with tempfile.TemporaryDirectory() as folder, postgres.postgres_server() as socket:
        for made in (sqlite, postgresql):
            rooms = made(Path(folder), socket)
            for name, took in compared(rooms).items():
                times = took["large"] / took["small"]
                verdict = "" if times <= BAR else " **missed**"
                row = f"| {made.__name__} | {name} | {took['small']:.2f} | {took['large']:.2f} | {times:.2f}{verdict} |"
                lines.append(row)
                print(row, flush=True)
            for found in rooms.values():
                found.database.close()
    (small, few), (large, many) = SIZES["small"], SIZES["large"]
    report(
        "claim",
        [
            f"{small:,} finished and {few:,} queued jobs, and {large:,} and {many:,}; {many_rows.OWNERS} owners; "
            f"median of {ROUNDS}, in turn.",
            "",
            "| database | what | ms, small | ms, large | times |",
            "|---|---|---|---|---|",
            *lines,
            "",
            f"Bar: {BAR} times. PostgreSQL does not wait for the disk here, SQLite does, at each claim.",
        ],
    )


def _made(settings: Settings, size: str) -> Base:
    with closing(Database(settings)) as database:
        migrate(database)
    began = time.perf_counter()
    rooms = many_rows.filled(settings, *SIZES[size])
    print(f"filled {size} in {time.perf_counter() - began:.0f} s", flush=True)
    return rooms


if __name__ == "__main__":
    main()
