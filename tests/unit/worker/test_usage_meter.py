"""What is measured of a trainer is what the kernel says of a real process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.attempts.usage import Sample
from worker.usage_meter import UsageMeter

BYTES = 100 << 20
#: Holds memory that it has written to, says so, and computes until it is killed.
BUSY = f"held = b'x' * {BYTES}; print(flush=True)\nwhile True: pass"


@pytest.fixture
def busy() -> Iterator[int]:
    """The number of a process that computes."""
    with subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        running.stdout.readline()
        yield running.pid
        running.kill()


def _sample(meter: UsageMeter) -> Sample:
    deadline = time.monotonic() + 30
    while not (taken := meter.take()) and time.monotonic() < deadline:
        meter.look()
        time.sleep(0.01)
    ((age_s, sample),) = taken
    assert age_s < 5
    return sample


def test_processor_and_memory_of_a_process_are_what_it_takes(busy: int) -> None:
    sample = _sample(UsageMeter(busy, "cpu"))

    assert sample.rss_bytes is not None
    assert BYTES < sample.rss_bytes < BYTES + (100 << 20)
    assert sample.cpu_percent is not None
    assert 0 < sample.cpu_percent < 130  # how much of a processor it gets is not ours to say
    assert sample.gpu_percent is None


def test_the_further_processes_of_a_job_count_as_well() -> None:
    # It waits for another that computes, and takes next to nothing itself.
    waits = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}])"
    with subprocess.Popen([sys.executable, "-c", waits], stdout=subprocess.PIPE, process_group=0) as waiting:
        assert waiting.stdout is not None
        waiting.stdout.readline()
        sample = _sample(UsageMeter(waiting.pid, "cpu"))
        os.killpg(waiting.pid, signal.SIGKILL)

    assert sample.rss_bytes is not None
    assert BYTES < sample.rss_bytes < BYTES + (100 << 20)
    assert sample.cpu_percent is not None
    assert sample.cpu_percent > 0


def test_a_process_that_has_ended_gives_no_sample() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    meter = UsageMeter(ended.pid, "cpu")
    meter.due_at = time.monotonic()

    meter.look()

    assert meter.take() == []


def test_the_gpu_is_what_nvidia_smi_says(busy: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text('#!/bin/sh\ncase "$*" in *--id=3*) echo "87, 2048, [N/A]";; esac\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,1")
    meter = UsageMeter(busy, "cuda")
    assert meter.asked is not None
    meter.asked.wait()

    sample = _sample(meter)
    meter.end()

    assert (sample.gpu_percent, sample.gpu_memory_bytes, sample.gpu_celsius) == (87.0, 2048 << 20, None)


def test_without_nvidia_smi_the_rest_is_measured(busy: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    sample = _sample(UsageMeter(busy, "cuda"))

    assert sample.gpu_percent is None
    assert sample.rss_bytes
