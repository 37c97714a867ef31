"""`batchyard up` and `demo` from outside."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.hold import Hold
from tests.processes import below
from tests.stack import TUTORIAL, local_stack


@pytest.fixture
def points(tmp_path: Path) -> Path:
    """The folder that says where processes wait."""
    folder = tmp_path / "points"
    folder.mkdir()
    return folder


def test_a_second_start_finds_yesterdays_jobs(tmp_path: Path) -> None:
    with local_stack(tmp_path / "data", "--workers", "1") as stack:
        job = stack.finished(stack.submit(TUTORIAL))
        answer = stack.http.post(f"/api/v1/jobs/{job['id']}/predict", json={"x": [[73, 80, 75]]}).json()["predictions"]

    with local_stack(tmp_path / "data", "--workers", "1") as stack:
        again = stack.http.post("/api/v1/jobs/scores/predict", json={"x": [[73, 80, 75]]}).json()["predictions"]

    assert job["status"] == "succeeded"
    assert answer[0] == pytest.approx(152, abs=3)
    assert again == answer


def test_two_stacks_side_by_side_keep_their_own_jobs_and_a_folder_has_one(tmp_path: Path) -> None:
    with local_stack(tmp_path / "a", "--workers", "1") as one, local_stack(tmp_path / "b", "--workers", "1") as other:
        one.finished(one.submit(TUTORIAL | {"epochs": 5}))
        second = subprocess.run(
            [sys.executable, "-m", "batchyard", "up", "--data-dir", str(tmp_path / "a")], capture_output=True, text=True
        )

        assert len(one.json("/api/v1/jobs")["data"]) == 1
        assert other.json("/api/v1/jobs")["data"] == []
    assert second.returncode != 0
    assert f"pid {one.process.pid}, {one.url}" in second.stderr


def test_sigterm_stops_everything_within_ten_seconds_and_the_job_goes_on_at_the_next_start(
    tmp_path: Path, points: Path
) -> None:
    slow = {"data": {"builtin": "digits"}, "model": "mlp", "epochs": 12, "early_stopping": False}
    with local_stack(tmp_path / "data", "--workers", "1", faultpoints=str(points)) as stack:
        hold = Hold(points, "trainer.epoch")
        job_id = stack.submit(slow)
        hold.next()
        everyone = below(stack.process.pid)
        began = time.monotonic()
        stack.process.send_signal(signal.SIGTERM)
        hold.end(asked=True)
        stack.process.wait(timeout=60)
        took = time.monotonic() - began

    with local_stack(tmp_path / "data", "--workers", "1") as stack:
        job = stack.finished(job_id)

    assert took < 10
    assert not [process for process in everyone if process.alive]
    assert (job["status"], job["progress"]["epoch"]) == ("succeeded", 12)


def test_killing_up_leaves_nothing_behind(tmp_path: Path) -> None:
    with local_stack(tmp_path / "data", "--workers", "1") as stack:
        everyone = below(stack.process.pid)
        os.kill(stack.process.pid, signal.SIGKILL)
        deadline = time.monotonic() + 30
        while (left := [p for p in everyone if p.alive]) and time.monotonic() < deadline:
            time.sleep(0.05)

    assert len(everyone) > 5
    assert left == []


def test_the_demo_prints_costs_and_a_prediction_and_leaves_nothing(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "batchyard", "demo"], capture_output=True, text=True, timeout=120)

    assert done.returncode == 0, done.stderr
    assert "Epoch 1/2000 Batch 1/3 Cost: 25482.613281" in done.stdout
    assert "Epoch 2000/2000 Batch 3/3 Cost: " in done.stdout
    assert "[73, 80, 75] scores 152.23" in done.stdout


def test_a_job_is_followed_by_stream_and_by_poll_and_answers_while_it_trains(tmp_path: Path, points: Path) -> None:
    slow = {"data": {"builtin": "digits"}, "model": "mlp", "epochs": 30, "early_stopping": False, "name": "slow"}
    seen: list[tuple[int, str]] = []
    with local_stack(tmp_path / "data", "--workers", "1", stream_s="2", faultpoints=str(points)) as stack:
        hold = Hold(points, "trainer.epoch", after=2)
        job_id = stack.submit(slow)
        tag, polls, best = 'W/"1"', 0, None
        while not best:
            poll = stack.http.get(f"/api/v1/jobs/{job_id}", headers={"If-None-Match": tag, "Prefer": "wait=60"})
            assert poll.status_code == 200
            tag, polls, best = poll.headers["ETag"], polls + 1, poll.json()["best"]
        early = stack.http.post("/api/v1/jobs/slow/predict", json={"x": [[0.0] * 64]}).json()
        while True:
            # Each stream ends after two seconds; the next one begins where it ended.
            headers = {"Accept": "text/event-stream", "Last-Event-ID": str(seen[-1][0] if seen else 0)}
            answer = stack.http.get(f"/api/v1/jobs/{job_id}/events", headers=headers)
            if answer.status_code == 204:
                break
            blocks = [block.splitlines() for block in answer.text.split("\n\n") if block.startswith("id: ")]
            seen += [(int(block[0][4:]), block[1][7:]) for block in blocks]
            hold.end()
        done = stack.json(f"/api/v1/jobs/{job_id}")

    assert polls >= 1
    assert early["job_status"] == "running"
    assert early["predictions"][0] in range(10)
    assert [number for number, _ in seen] == list(range(1, len(seen) + 1))
    assert [kind for _, kind in seen] == ["queued", "started", *["epoch"] * 30, "end"]
    assert done["status"] == "succeeded"


@pytest.mark.parametrize("arguments", [["--help"], ["up", "--help"], ["server", "worker", "--help"], ["version"]])
def test_the_command_says_what_it_can_do(arguments: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", "batchyard", *arguments], capture_output=True, text=True)

    assert done.returncode == 0
    assert "batchyard" in done.stdout
