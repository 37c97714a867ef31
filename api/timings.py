"""How long requests took, for `/metrics`: by method, route and status, in this process."""

import time
from collections.abc import Callable

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Histogram

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
UNKNOWN = "unknown"  #: the route of what matches none, so that nonsense does not make a series each


class Timings:
    """A histogram of requests. A stream counts until its first byte."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.seconds = Histogram(
            "batchyard_http_request_duration_seconds",
            "Time until an answer begins.",
            ["method", "route", "status"],
            buckets=BUCKETS,
            registry=registry,
        )

    def register(self, app: Flask) -> None:
        """Time every request of an application."""

        @app.before_request
        def begin() -> None:
            g.began = time.perf_counter()

        @app.after_request
        def end(response: Response) -> Response:
            route = request.url_rule.rule if request.url_rule else UNKNOWN
            method = request.method if request.url_rule else UNKNOWN
            self.of(method, route, response.status_code)(time.perf_counter() - g.began)
            return response

    def of(self, method: str, route: str, status: int) -> Callable[[float], None]:
        """Return what notes a request of this kind, in seconds."""
        return self.seconds.labels(method, route, str(status)).observe
