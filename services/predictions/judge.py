"""Measures two registered versions on rows that neither of them has trained on."""

from typing import TYPE_CHECKING

import numpy as np

from services.errors import Fault, InvalidRequest, NotFound
from services.predictions.predictions import PredictionService
from services.predictions.target import Target
from services.specs.schema.job import JobSpec
from services.training.input.split import split
from services.training.row_costs import row_costs

if TYPE_CHECKING:
    from services.datasets.datasets import DatasetService
    from services.datasets.shared_storage import AnyStorage
    from services.jobs.job_views import JobView
    from services.jobs.lookup import JobLookup
    from services.models.model_views import VersionView

MOST = 20_000  #: rows that are measured; of more, evenly spaced ones
LEAST = 2
GENERATIONS = 20  #: most jobs, each begun with another's weights, that are looked through


class Judge:
    """Finds the rows and measures."""

    def __init__(
        self, predictions: PredictionService, jobs: "JobLookup", datasets: "DatasetService", storage: "AnyStorage"
    ) -> None:
        self.predictions = predictions
        self.jobs = jobs
        self.datasets = datasets
        self.storage = storage

    def costs(self, owner: str, champion: "VersionView", challenger: "VersionView") -> tuple[np.ndarray, np.ndarray]:
        """Return each row's cost under both. Shapes: (rows,) float64 each.

        Raises: InvalidRequest when there are no such rows, or the two do not predict the same.
        """
        jobs = [self.jobs.get(owner, version.job_id) for version in (champion, challenger)]
        if jobs[0].data.sha256 != jobs[1].data.sha256:
            raise _refused("the two were trained on different data sets, so it is not known which rows are new to both")
        info = self.datasets.find(owner, jobs[0].data.id).info
        if any("plugin" in job.spec["data"] and job.spec["data"]["plugin"] for job in jobs):
            raise _refused("the rows of a plug-in's data are not compared")
        table = self.storage.open_table(jobs[0].data.sha256, info)
        new = np.ones(info.rows, dtype=bool)
        for job in jobs:
            for spec in self._lineage(owner, job):
                new &= ~split(spec, info, table).train
        rows = np.flatnonzero(new)
        if len(rows) < LEAST:
            raise _refused(f"{len(rows)} rows are new to both; give the jobs the same seed and split")
        rows = rows[np.linspace(0, len(rows) - 1, min(MOST, len(rows))).astype(np.int64)]
        predictors = [
            self.predictions.loaded(owner, Target(model=version.name, version=version.version))[1]
            for version in (champion, challenger)
        ]
        first, second = (predictor.preprocessing for predictor in predictors)
        if (first.task, first.targets, first.classes) != (second.task, second.targets, second.classes):
            raise _refused("the two do not predict the same targets")
        cells = np.asarray(table[rows])
        wanted = cells[:, [info.names.index(name) for name in first.targets]]
        found = []
        for predictor in predictors:
            features = cells[:, [info.names.index(column.name) for column in predictor.preprocessing.inputs]]
            found.append(row_costs(predictor, features, wanted, first))
        return found[0], found[1]

    def _lineage(self, owner: str, job: "JobView") -> list[JobSpec]:
        """Return the specs of a job and of all whose weights it began with: it knows their training rows as well."""
        found = [JobSpec.model_validate(job.spec)]
        sha256 = job.data.sha256
        while (begun := found[-1].init_from) is not None:
            try:
                job = self.jobs.get(owner, begun.job)
            except NotFound:
                unknown = f"it started from the weights of {begun.job}, whose training rows are not known"
                raise _refused(unknown) from None
            if job.data.sha256 != sha256 or len(found) >= GENERATIONS:
                raise _refused(f"it started from the weights of {job.id}, which was trained on other data")
            found.append(JobSpec.model_validate(job.spec))
        return found


def _refused(why: str) -> InvalidRequest:
    return InvalidRequest([Fault("#/gate", "not_comparable", why)])
