"""The command and the client against a real stack, as a user has them."""

import asyncio
import csv
import io
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import batchyard
from batchyard.aio import Client as AioClient
from tests.stack import Stack, local_stack

#: Of scikit-learn's checks, those that can't pass, and why.
EXPECTED_FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": (
        "A row that stands twice makes other batches and another validation split than one with twice the weight."
    ),
}
QUICK = {"hidden": [32], "lr": 0.02, "epochs": 60}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that all tests here share."""
    folder = tmp_path_factory.mktemp("client")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        with local_stack(folder / "data", "--workers", "2") as running:
            yield running


@pytest.fixture
def by(stack: Stack) -> Iterator[batchyard.Client]:
    """A client of the stack."""
    with batchyard.Client(stack.url) as client:
        yield client


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """Iris as a CSV."""
    iris = load_iris()
    path = tmp_path / "rows.csv"
    lines = [f"{','.join(map(str, row))},{iris.target_names[n]}" for row, n in zip(iris.data, iris.target, strict=True)]
    path.write_text("\n".join(["sl,sw,pl,pw,kind", *lines]) + "\n")
    return path


def command(stack: Stack, folder: Path, *arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    """Run the command in a process of its own."""
    environ = os.environ | {"BATCHYARD_URL": stack.url, "XDG_STATE_HOME": str(folder / "state")}
    whole = [sys.executable, "-m", "batchyard", *arguments]
    return subprocess.run(whole, cwd=folder, env=environ, input=stdin, capture_output=True, text=True, timeout=120)


def test_a_csv_becomes_predictions_from_a_shell(stack: Stack, rows: Path) -> None:
    folder = rows.parent
    assert command(stack, folder, "init", "rows.csv", "--target", "kind").returncode == 0

    submitted = command(stack, folder, "submit", "job.yaml", "--wait", "--set", "epochs=20")
    predicted = command(stack, folder, "predict", "rows.csv")

    assert submitted.returncode == 0, submitted.stderr
    assert submitted.stdout.startswith("job_")
    assert len(submitted.stdout.splitlines()) == 1
    answers = list(csv.DictReader(io.StringIO(predicted.stdout)))
    assert next(iter(answers[0])) == "prediction"
    truth = [line["kind"] for line in csv.DictReader(rows.read_text().splitlines())]
    assert np.mean([answer["prediction"] == kind for answer, kind in zip(answers, truth, strict=True)]) > 0.9


def test_a_fault_of_a_spec_is_shown_with_its_line(stack: Stack, tmp_path: Path) -> None:
    text = "data:\n  builtin: iris\nmodel: mlp\noptimizer:\n  typ: adam\n"

    found = command(stack, tmp_path, "submit", "-", stdin=text)

    assert found.returncode == 2
    assert found.stdout == ""
    assert "line 5" in found.stderr
    assert "Did you mean 'type'?" in found.stderr


def test_exit_codes_say_how_it_ended(stack: Stack, tmp_path: Path) -> None:
    long = ["submit", "--builtin", "digits", "--set", "epochs=5000", "--set", "early_stopping=false"]
    waited = command(stack, tmp_path, *long, "--wait", "1")
    cancelled = command(stack, tmp_path, "cancel", "--wait")
    watched = command(stack, tmp_path, "watch", waited.stdout.strip()[:14])
    finished = command(stack, tmp_path, "submit", "--builtin", "iris", "--set", "epochs=1", "--wait")
    again = command(stack, tmp_path, "cancel", finished.stdout.strip())
    nothing = command(stack, tmp_path, "show", "no-such-job")
    bad = ["--set", "optimizer.lr=1e30", "--set", "optimizer.type=sgd", "--set", "loss=mse"]
    failed = command(stack, tmp_path, "submit", "--builtin", "diabetes", *bad, "--wait")

    assert (waited.returncode, cancelled.returncode) == (7, 0), waited.stderr + cancelled.stderr
    assert (watched.returncode, again.returncode, nothing.returncode) == (9, 8, 5)
    assert failed.returncode == 3, failed.stderr


def test_ctrl_c_detaches_says_how_to_come_back_and_leaves_the_job_running(
    stack: Stack, by: batchyard.Client, tmp_path: Path
) -> None:
    job = by.jobs.submit(data={"builtin": "digits"}, model="mlp", epochs=5000, early_stopping=False)
    environ = os.environ | {"BATCHYARD_URL": stack.url}
    whole = [sys.executable, "-m", "batchyard", "watch", job.id]
    watching = subprocess.Popen(whole, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert watching.stdout is not None
    while not watching.stdout.readline().startswith("epoch="):
        assert watching.poll() is None

    watching.send_signal(signal.SIGINT)
    _, said = watching.communicate(timeout=30)

    assert watching.returncode == 0, said
    assert f"batchyard watch {job.id[:12]}" in said
    assert job.refresh().status == "running"
    job.cancel()
    job.wait(60)


def test_a_job_is_a_future_in_both_clients(stack: Stack, by: batchyard.Client) -> None:
    job = by.jobs.submit(data={"builtin": "iris"}, model="mlp", epochs=4)
    assert job.result(timeout=60).best is not None
    assert [event.type for event in job.events()][-1] == "end"
    assert len(job.costs()) == 4

    async def same() -> list[tuple[int, float, float | None]]:
        async with AioClient(stack.url) as client:
            found = await client.jobs.submit(job.spec)
            await found.result(timeout=60)
            return await found.costs()

    assert asyncio.run(same()) == job.costs()


def test_a_wait_that_ends_early_leaves_the_job_and_a_dead_job_is_raised(by: batchyard.Client) -> None:
    job = by.jobs.submit(data={"builtin": "digits"}, model="mlp", epochs=5000, early_stopping=False)

    with pytest.raises(batchyard.WaitTimeout) as caught:
        job.result(timeout=1)
    caught.value.job.cancel()

    with pytest.raises(batchyard.JobCancelled):
        job.result(timeout=60)


def test_the_same_rows_are_sent_once(by: batchyard.Client) -> None:
    rows = [{"a": float(n), "b": f"{n % 3}", "y": 2.0 * n} for n in range(40)]

    first, second = by.datasets.upload(rows), by.datasets.upload(rows)

    assert (first.was_sent, second.was_sent) == (True, False)
    assert first.id == second.id
    assert {column["name"]: column["type"] for column in by.datasets.get(first.id).columns}["b"] == "category"


def test_a_data_set_is_predicted_by_the_workers_from_a_shell_and_by_both_clients(
    stack: Stack, by: batchyard.Client, rows: Path, tmp_path: Path
) -> None:
    job = by.jobs.submit(data={"dataset": by.datasets.upload(rows).id, "target": "kind"}, model="mlp", epochs=3)
    job.result(timeout=60)

    shell = command(stack, tmp_path, "predict", job.id, "--dataset", "rows.csv")
    lines = shell.stdout.splitlines()
    found = by.predictions.create(job=job.id, dataset="rows.csv", format="parquet").result(timeout=60)
    path = found.download(tmp_path / "out.parquet")
    listed = [entry.id for entry in by.predictions.list()]

    async def in_turn() -> str:
        async with AioClient(stack.url) as client:
            made = await client.predictions.create(job=job.id, dataset="rows.csv")
            await made.result(timeout=60)
            return (await made.download(tmp_path / "out.csv")).read_text()

    assert shell.returncode == 0, shell.stderr
    assert (len(lines), lines[0].split(",")[0]) == (151, "prediction")
    assert asyncio.run(in_turn()).splitlines() == lines
    assert path.stat().st_size == found.data["size_bytes"]
    assert found.id in listed
    assert [line.split(",")[0] for line in lines[1:]] == list(job.predict(rows_of(rows)))
    gone = command(stack, tmp_path, "predictions", "rm", found.id)
    assert (gone.returncode, command(stack, tmp_path, "predictions", "show", found.id).returncode) == (0, 5)


def rows_of(path: Path) -> list[list[float]]:
    """Return the numbers of the file of iris."""
    return [[float(cell) for cell in line.split(",")[:4]] for line in path.read_text().splitlines()[1:]]


def test_export_is_the_checkpoint_to_the_byte(by: batchyard.Client, tmp_path: Path) -> None:
    job = by.jobs.submit(data={"builtin": "iris"}, model="mlp", epochs=2).result(timeout=60)

    path = job.export(path=tmp_path / "weights.safetensors")

    import hashlib

    best = next(entry for entry in job.checkpoints() if entry["is_best"])
    assert hashlib.sha256(path.read_bytes()).hexdigest() == best["sha256"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_model_is_exported_as_soon_as_it_is_built(by: batchyard.Client, stack: Stack, tmp_path: Path) -> None:
    job = by.jobs.submit(data={"builtin": "iris"}, model="linear", epochs=2).result(timeout=60)

    made = job.exported("bundle", tmp_path / "model.zip")
    command = [sys.executable, "-m", "batchyard", "--server", stack.url, "export", job.id, "--format", "state_dict"]
    done = subprocess.run([*command, "-o", "weights.pt"], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert made.difference < 1e-6
    assert made.rows == 30
    assert "train.py" in zipfile.ZipFile(made.path).namelist()
    assert done.stdout.strip() == "weights.pt"
    assert "from the stored model at most, on 30 rows" in done.stderr
    assert job.card().startswith(f"# {job.name}\n")
    with pytest.raises(batchyard.InvalidSpec):
        job.export("pickle")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", [batchyard.RemoteClassifier, batchyard.RemoteRegressor])
def test_an_estimator_passes_scikit_learns_checks(stack: Stack, kind: Any) -> None:
    estimator = kind(server=stack.url, **QUICK)

    found = check_estimator(estimator, expected_failed_checks=EXPECTED_FAILURES, on_fail=None, on_skip=None)

    assert [check["check_name"] for check in found if check["status"] == "failed"] == []
    assert sum(check["status"] == "passed" for check in found) > 50
    assert len(EXPECTED_FAILURES) <= 10


@pytest.mark.filterwarnings("ignore")
def test_an_estimator_works_in_what_scikit_learn_builds_of_it(stack: Stack) -> None:
    rows, labels = load_iris(return_X_y=True)
    names = np.asarray(["setosa", "NA", "7"])[labels]
    pipe = make_pipeline(StandardScaler(), batchyard.RemoteClassifier(server=stack.url, **QUICK))

    scores = cross_val_score(pipe, rows, names, cv=3)
    search = GridSearchCV(pipe, {"remoteclassifier__lr": [0.01, 0.02]}, n_jobs=4, cv=2).fit(rows, names)

    assert scores.min() > 0.85
    assert search.best_score_ > 0.85
    assert set(search.predict(rows)) == {"setosa", "NA", "7"}


@pytest.mark.alone
def test_fit_adds_little_to_the_job_itself(stack: Stack) -> None:
    rows, labels = load_iris(return_X_y=True)
    from datetime import datetime

    ratios = []
    for seed in range(5):
        began = time.monotonic()
        found = batchyard.RemoteClassifier(server=stack.url, random_state=seed).fit(rows, labels)
        took = time.monotonic() - began
        times = [datetime.fromisoformat(found.job_.data[name]) for name in ("created_at", "finished_at")]
        ratios.append(took / (times[1] - times[0]).total_seconds())
    print(f"fit / job: {sorted(round(ratio, 2) for ratio in ratios)}")

    assert sorted(ratios)[2] <= 1.3
