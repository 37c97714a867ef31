"""Arrows point down, and each library lives in its own rooms."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVER = ("api", "worker", "local", "services", "batchyard", "migrations")
#: Where a library may be imported.
HOMES = {
    "flask": ("api/",),
    "celery": ("worker/", "services/nudges.py"),
    "kombu": ("worker/", "services/nudges.py"),
    "sqlalchemy": (
        "services/db/",
        "services/queue/",
        "services/attempts/",
        "services/batches/",
        "services/models/",
        "services/monitoring/",
        "services/jobs/",
        "services/datasets/",
        "services/webhooks/",
        "services/accounts/",
        "services/backups/",
        "services/tracing/",
        "migrations/",
    ),
    "alembic": ("services/db/schema.py", "migrations/"),
    "opentelemetry": ("services/tracing/collector.py",),
    "torch": ("services/training/", "services/predictions/", "services/exports/"),
    "pyarrow": ("services/datasets/", "services/predictions/formats/"),
}


def sources() -> Iterator[Path]:
    """Every source file of the server and the command."""
    for folder in SERVER:
        yield from (ROOT / folder).rglob("*.py")


def imported(text: str) -> set[str]:
    """The libraries that a source imports anywhere."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def test_the_contracts_of_import_linter_hold() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("library", HOMES)
def test_a_library_is_imported_only_in_its_own_rooms(library: str) -> None:
    strays = [
        path.relative_to(ROOT).as_posix()
        for path in sources()
        if library in imported(path.read_text()) and not path.relative_to(ROOT).as_posix().startswith(HOMES[library])
    ]

    assert strays == []


def test_the_scan_sees_an_import_inside_a_function() -> None:
    assert imported("def f():\n    from torch import nn\n") == {"torch"}


@pytest.mark.parametrize("module", ["worker.supervisor", "worker.tasks", "worker.app", "worker.dispatcher"])
def test_what_celery_runs_in_never_loads_torch(module: str) -> None:
    script = f"import sys, {module}; print([m for m in ('torch', 'flask', 'pyarrow') if m in sys.modules])"

    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_the_health_check_loads_nothing_that_takes_time_to_start() -> None:
    script = (
        "import sys; before = set(sys.modules); import local.healthcheck;"
        "print(sorted({name.split('.')[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)))"
    )

    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "['local']"
    assert '"local.healthcheck"' in (ROOT / "compose.yaml").read_text()


def test_the_models_never_load_scikit_learn_which_may_start_a_thread() -> None:
    script = "import sys, services.training.models; print('sklearn' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"


def test_only_the_settings_read_the_environment() -> None:
    readers = [
        path.relative_to(ROOT).as_posix()
        for path in sorted(sources())
        if "os.environ" in path.read_text() or "getenv" in path.read_text()
    ]

    # The client has an outside of its own: where its server is.
    assert readers == ["batchyard/configuration.py", "services/settings.py"]


@pytest.mark.parametrize("name", ["app", "celery_process", "redis_connection", "slots", "supervisor", "tasks"])
def test_what_celery_forks_from_starts_no_thread_and_opens_no_database(name: str) -> None:
    tree = ast.parse((ROOT / "worker" / f"{name}.py").read_text())

    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}

    assert not imported & {"threading", "concurrent.futures", "multiprocessing"}
    assert not any(call.endswith(("Database", "Thread", "ThreadPoolExecutor")) for call in calls)
