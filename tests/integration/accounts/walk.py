"""A walk over every route that names something, with the things of one owner and the key of another."""

import io
import re
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from api.permissions import needed
from services.accounts.scopes import Scope
from services.accounts.shares import Kind
from services.models.aliases import Expected, Move
from services.predictions.batch_submit import NewBatchPrediction
from services.webhooks.webhook_spec import WebhookSpec
from services.webhooks.webhooks import WebhookService
from services.wiring.base import Base
from tests.make import SMALL, make_job, train

CSV = b"x0,x1,y\n" + b"\n".join(b"%d,%d,%d" % (n, n % 3, 2 * n) for n in range(12)) + b"\n"
ROWS = {"x": [[1.0, 1.0]]}
TENSORS = {"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [1.0, 1.0]}]}
#: What each route that wants a body is sent.
BODIES: dict[str, Any] = {
    "control.change": {"priority": 1},
    "datasets.change": {"name": "x"},
    "models.move_alias": {"version": 1},
    "predictions.by_job": ROWS,
    "predictions.by_model": ROWS,
    "predictions.by_version": ROWS,
    "inference.infer": TENSORS,
    "inference.version_infer": TENSORS,
}
FORMS: dict[str, dict[str, Any]] = {
    "pages.priority": {"priority": "1"},
    "pages.rename_dataset": {"name": "x"},
    "pages.predict": {"x0": "1", "x1": "1"},
    "pages.predict_rows": {"csv": "x0,x1\n1,1\n"},
}
#: What the query must say for the view to get as far as the thing.
QUERIES = {"costs.batches": "?epoch=1"}
#: Routes whose path names no owner's thing.
NOBODYS = {"pages.static", "service.problem"}
DESTRUCTIVE = ("remove", "delete", "cancel")


@dataclass(frozen=True)
class Things:
    """One owner's: a trained job and a waiting one, a data set and its prediction, a webhook, a model with an alias."""

    owner: str
    job: str
    waiting: str
    dataset: str
    webhook: str
    prediction: str
    share: str
    model: str = "m"
    version: str = "1"
    alias: str = "champion"
    selector: str = "best"

    def values(self, *, waiting: bool = False) -> dict[str, str]:
        """Return what stands for each argument of a path."""
        return {
            "job_id": self.waiting if waiting else self.job,
            "dataset_id": self.dataset,
            "webhook_id": self.webhook,
            "prediction_id": self.prediction,
            "share_id": self.share,
            "name": self.model,
            "version": self.version,
            "alias": self.alias,
            "selector": self.selector,
        }


NOTHING = Things(
    "nobody",
    "job_" + "0" * 20,
    "job_" + "0" * 20,
    "ds_" + "0" * 20,
    "wh_" + "0" * 20,
    "pred_" + "0" * 20,
    "share_" + "0" * 20,
    "nomodel",
)


def things_of(app: Flask, joined: Base, owner: str, model: str) -> Things:
    """Make one of everything for an owner."""
    api = app.extensions["batchyard"]
    job = make_job(joined, owner=owner, seed=1, name=f"{owner}-trained")
    train(joined, job.id, owner)
    api.models.register(owner, model, job.id)
    api.aliases.move(owner, model, "champion", Move(version=1), expected=Expected(None), judge=api.judge())
    waiting = make_job(joined, owner=owner, seed=2, name=f"{owner}-waiting")
    dataset, _ = joined.datasets.upload(io.BytesIO(CSV), name=f"{owner}.csv", owner=owner)
    hooks = WebhookService(joined.database, joined.settings)
    hooks._check = lambda url: None  # type: ignore[method-assign]  # no names can be looked up here
    hook, _ = hooks.add(owner, WebhookSpec(url="https://example.org/hook"))
    batch = NewBatchPrediction(job=job.id, dataset=dataset.id)
    prediction = api.batch_submit().submit(owner, batch)
    share, _ = joined.accounts.shares.add(owner, Kind.DATASET, dataset.id, "carol")
    return Things(owner, job.id, waiting.id, dataset.id, hook.id, prediction.id, share.id, model)


def rules(app: Flask) -> list[tuple[Rule, str]]:
    """Return the routes that name what has an owner, each with a method; those that delete come last."""
    found = [
        (rule, method)
        for rule in app.url_map.iter_rules()
        if rule.arguments and rule.endpoint not in NOBODYS and needed(rule.endpoint) != frozenset({Scope.ADMIN})
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]
    return sorted(found, key=lambda one: (any(word in one[0].endpoint for word in DESTRUCTIVE), one[0].rule, one[1]))


def ask(client: FlaskClient, rule: Rule, method: str, things: Things, *, waiting: bool = False) -> TestResponse:
    """Send what a route takes, of somebody's things."""
    path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: things.values(waiting=waiting)[found[1]], rule.rule)
    path += QUERIES.get(rule.endpoint, "")
    if rule.endpoint.startswith("pages.") and method == "POST":
        data = {"form_token": token(client)} | FORMS.get(rule.endpoint, {})
        return client.post(path, data=data, buffered=True)
    body = {"job": things.job} if rule.endpoint == "models.register" else BODIES.get(rule.endpoint)
    return client.open(path, method=method, json=body, buffered=True)


def token(client: FlaskClient) -> str:
    """Return the token that the forms of this browser repeat."""
    found = client.get_cookie("batchyard_form")
    if found is None:
        client.get("/new?builtin=iris", headers={"Accept": "text/html"})
        found = client.get_cookie("batchyard_form")
    assert found is not None
    return found.value


def told(answer: TestResponse, things: Things) -> tuple[int, bytes]:
    """Return an answer without the words that the request itself said, and without its own number."""
    text = answer.get_data()
    for name in sorted({*things.values().values(), things.waiting}, key=len, reverse=True):
        if len(name) > 3:
            text = text.replace(name.encode(), b"NAMED")
    return answer.status_code, re.sub(rb"req_\w+", b"req", text)


def own_names(things: Things) -> set[str]:
    """Return every word by which something of an owner could show."""
    ids = {things.job, things.waiting, things.dataset, things.webhook, things.prediction, things.share}
    return ids | {f"{things.owner}-trained", f"{things.owner}-waiting", f"{things.owner}.csv"}


SUBMIT = SMALL | {"epochs": 1}
