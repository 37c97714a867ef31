"""Metrics for Prometheus: what the database says of the whole service, and what this process says of itself.

What many processes do together (jobs, epochs, claims) is read from the database at each scrape, so it is right however
many processes there are. What one process does (requests, its model cache) is that process's own; each API process is
a target of its own.
"""

import time
from collections.abc import Iterator
from importlib.metadata import version
from operator import attrgetter

from flask import Blueprint, Flask, Response, current_app
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from api.timings import Timings
from api.view_descriptions import described
from api.watcher import Watcher
from services.errors import NotReady
from services.monitoring.totals import DeviceTotals, Totals
from services.nudges import DEVICES
from services.wiring.api import Api

bp = Blueprint("metrics", __name__)

#: One gauge each for every device.
DEVICE_GAUGES = {
    "queue_jobs": ("Jobs that wait for a worker.", "queued"),
    "queue_oldest_wait_seconds": ("How long the longest-waiting job has waited.", "oldest_wait_s"),
    "jobs_running": ("Jobs that are being trained.", "running"),
    "training_rows_per_second": ("Training rows per second, all running jobs together.", "rows_per_s"),
    "workers_online": ("Workers that showed a sign of life lately and do their work.", "workers"),
    "worker_slots": ("Jobs that those workers can train at once.", "slots"),
    "trainer_memory_bytes": ("Memory of all trainers together.", "trainers.rss_bytes"),
    "trainer_gpu_memory_bytes": ("GPU memory of all trainers together.", "trainers.gpu_memory_bytes"),
    "trainer_gpu_percent": ("How busy the GPUs of all trainers are, added up.", "trainers.gpu_percent"),
}


def register(app: Flask, joined: Api, watcher: Watcher) -> Timings:
    """Time every request, and serve `/metrics`."""
    registry = CollectorRegistry(auto_describe=False)
    for kind in (ProcessCollector, PlatformCollector, GCCollector):
        kind(registry=registry)
    registry.register(Service(joined, watcher))
    app.extensions["batchyard.metrics"] = registry
    app.register_blueprint(bp)
    timings = Timings(registry)
    timings.register(app)
    return timings


@bp.get("/metrics")
@described(answer=None, media=("text/plain",))
def metrics() -> Response:
    """Read the metrics of the service in the text format of Prometheus."""
    registry: CollectorRegistry = current_app.extensions["batchyard.metrics"]
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class Service(Collector):
    """Makes the service's metrics at each scrape. A part that does not answer takes only its own metrics with it."""

    def __init__(self, joined: Api, watcher: Watcher) -> None:
        self.joined = joined
        self.watcher = watcher

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        yield InfoMetricFamily("batchyard_build", "The release.", {"version": version("batchyard")})
        up = GaugeMetricFamily("batchyard_up", "Whether a part answers: 1 or 0.", labels=["part"])
        took = GaugeMetricFamily("batchyard_response_seconds", "How long a part took to answer.", labels=["part"])
        for part, read in (("database", self._database), ("redis", self._redis), ("storage", self._storage)):
            began = time.perf_counter()
            try:
                yield from read()
            except (NotReady, OSError):
                up.add_metric([part], 0)
            else:
                up.add_metric([part], 1)
                took.add_metric([part], time.perf_counter() - began)
        yield up
        yield took
        yield from self._process()

    def _database(self) -> list[Metric]:
        found = self.joined.monitoring.totals(DEVICES)
        return [*_jobs(found), *_devices(found.devices), _webhooks(found)]

    def _redis(self) -> list[Metric]:
        nudges = GaugeMetricFamily("batchyard_nudges", "Messages in Redis that wait for a worker.", labels=["device"])
        for device in DEVICES:
            nudges.add_metric([device], self.joined.bell.depth(device))
        return [nudges]

    def _storage(self) -> list[Metric]:
        disk, settings = self.joined.base.disk, self.joined.base.settings
        free = ("batchyard_storage_free_bytes", "Free room of the storage folder.")
        reserve = ("batchyard_storage_reserve_bytes", "Free room below which nothing new is taken in.")
        return [
            GaugeMetricFamily(*free, value=disk.free(disk.folder)),
            GaugeMetricFamily(*reserve, value=settings.disk_reserve_bytes),
        ]

    def _process(self) -> Iterator[Metric]:
        waiting = ("batchyard_streams_open", "Event streams and long polls that wait in this process.")
        yield GaugeMetricFamily(*waiting, value=self.watcher.taken)
        predictions = self.joined.predictions
        if predictions is None:
            return
        cache = predictions.cache
        yield GaugeMetricFamily("batchyard_model_cache_bytes", "Memory of loaded models.", value=cache.bytes)
        yield GaugeMetricFamily("batchyard_model_cache_models", "Loaded models.", value=cache.models)
        yield CounterMetricFamily("batchyard_model_cache_hits", "Predictions by a loaded model.", value=cache.hits)
        yield CounterMetricFamily("batchyard_model_cache_misses", "Models that had to be loaded.", value=cache.misses)


def _jobs(found: Totals) -> list[Metric]:
    jobs = GaugeMetricFamily("batchyard_jobs", "Jobs that are stored, by state.", labels=["state"])
    for state, count in found.jobs.items():
        jobs.add_metric([state], count)
    ended = {
        "jobs": CounterMetricFamily("batchyard_jobs_ended", "Jobs that ended.", labels=["status"]),
        "epochs": CounterMetricFamily("batchyard_epochs", "Epochs of jobs that ended.", labels=["status"]),
        "trained_s": CounterMetricFamily(
            "batchyard_training_seconds", "Training time of jobs that ended.", labels=["status"]
        ),
    }
    for status, totals in found.ended.items():
        for name, family in ended.items():
            family.add_metric([status], getattr(totals, name))
    return [jobs, *ended.values()]


def _devices(devices: dict[str, DeviceTotals]) -> Iterator[Metric]:
    for name, (words, field) in DEVICE_GAUGES.items():
        family = GaugeMetricFamily(f"batchyard_{name}", words, labels=["device"])
        for device, totals in devices.items():
            family.add_metric([device], attrgetter(field)(totals))
        yield family


def _webhooks(found: Totals) -> Metric:
    words = "Webhook deliveries that wait for their next try."
    return GaugeMetricFamily("batchyard_webhook_deliveries_waiting", words, value=found.webhooks_waiting)
