"""Client: where everything begins."""
# Generated from batchyard/aio/client.py by `make client`: change that file.

from collections.abc import Iterable
from typing import Any

import httpx2

from batchyard import answers, comparison
from batchyard import configuration as outside
from batchyard.batch_predictions import BatchPredictions
from batchyard.datasets import Datasets
from batchyard.job_future import Job
from batchyard.jobs import Jobs
from batchyard.models import Models
from batchyard.queue import Queue, Workers
from batchyard.shares import Shares
from batchyard.transport import Transport


class Client:
    """A server's jobs, data sets, queue, workers and shares.

    The address is `base_url`, else BATCHYARD_URL, else `.batchyard.toml`, else http://127.0.0.1:8000.
    """

    def __init__(
        self,
        base_url: str | None = None,
        *,
        api_key: str | None = None,
        timeout: float = 60.0,
        max_retries: int = 2,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self.configuration = outside.configuration(base_url, api_key)
        self.timeout = timeout
        self.max_retries = max_retries
        self._custom = transport
        self._open()

    @property
    def base_url(self) -> str:
        """The address of the server."""
        return self.configuration.url

    def with_options(self, *, timeout: float | None = None, max_retries: int | None = None) -> "Client":
        """Return a client of the same server with another timeout or number of retries."""
        return Client(
            self.base_url,
            api_key=self.configuration.api_key,
            timeout=self.timeout if timeout is None else timeout,
            max_retries=self.max_retries if max_retries is None else max_retries,
            transport=self._custom,
        )

    def job(self, id_or_name: str) -> Job:
        """Return a job by its id, name or unique prefix of an id.

        Raises: NotFound; Conflict when a prefix is that of several.
        """
        return self.jobs.get(id_or_name)

    def compare(self, jobs: str | Iterable[str]) -> Any:
        """Return jobs side by side: a row each, with the parameters in which they differ and what came of them.

        `jobs` are names or ids, or a pattern such as `iris-*`, of which the 20 newest are taken. It is a data frame if
        the program uses pandas.
        """
        if isinstance(jobs, str) and "*" in jobs:
            named = []
            for entry in self.jobs.list(name=jobs, page_size=comparison.MOST):
                named.append(str(entry["id"]))
                if len(named) == comparison.MOST:
                    break
        else:
            named = [jobs] if isinstance(jobs, str) else list(jobs)
        found = [self.jobs.get(name) for name in named]
        return answers.frame(comparison.table([job.data for job in found]))

    def service(self) -> dict[str, Any]:
        """Return what the server is and what it allows."""
        found: dict[str, Any] = self.transport.json("GET", "/api/v1")
        return found

    def catalog(self) -> dict[str, Any]:
        """Return every model, loss, optimizer and metric that a spec can name."""
        found: dict[str, Any] = self.transport.json("GET", "/api/v1/catalog")
        return found

    def close(self) -> None:
        """Close the connections."""
        self.transport.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> None:
        self.transport = Transport(
            self.configuration, timeout_s=self.timeout, max_retries=self.max_retries, transport=self._custom
        )
        self.jobs = Jobs(self.transport)
        self.datasets = Datasets(self.transport)
        self.predictions = BatchPredictions(self.transport)
        self.models = Models(self.transport)
        self.queue = Queue(self.transport)
        self.workers = Workers(self.transport)
        self.shares = Shares(self.transport)

    def __getstate__(self) -> dict[str, Any]:
        # A key never goes into a pickle: it is read from the environment again.
        return {"url": self.base_url, "timeout": self.timeout, "max_retries": self.max_retries}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.configuration = outside.configuration(state["url"])
        self.timeout, self.max_retries, self._custom = state["timeout"], state["max_retries"], None
        self._open()
