"""The service itself over HTTP: what it is, what a spec can name, whether it is well, what its errors mean."""

import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import Any

import orjson
from flask import Blueprint, Response, current_app, g

from api import openapi, schemas, service_schemas
from api.pages.blueprint import page
from api.parts import api, caller, grant, shutdown
from api.problems import STATUS, slug
from api.view_descriptions import described
from services.accounts.key_views import NOBODY
from services.accounts.scopes import Scope
from services.db.schema import check_schema
from services.disk import Disk
from services.errors import BatchyardError, NotFound, NotReady, SchemaMismatch, StorageFull
from services.failures import CLASSES, HINTS
from services.objects.store import ObjectStore
from services.specs.schema.catalog import catalog as all_names
from services.specs.schema.json_schema import job_schema

bp = Blueprint("service", __name__)


@bp.get("/api/v1")
@described(answer=service_schemas.Service)
def root() -> Response:
    """Read the service's version, limits and links."""
    settings = api().base.settings
    return _json(
        {
            "object": "service",
            "name": "batchyard",
            "version": version("batchyard"),
            "spec_versions": [1],
            "auth": settings.auth,
            "caller": {"owner": caller(), "scopes": sorted(grant().scopes), "key": grant().key_id},
            "limits": {
                "inline_bytes": settings.max_json_bytes,
                "dataset_bytes": settings.max_upload_bytes,
                "table_rows": settings.max_table_rows,
                "table_columns": settings.max_table_columns,
                "unpacked_bytes": settings.max_unpacked_bytes,
                "json_rows": settings.max_json_rows,
                "json_values": settings.max_json_values,
                "predict_rows": settings.max_predict_rows,
                "wait_seconds": settings.max_wait_s,
                "parameters": settings.max_parameters,
                "epochs": settings.max_epochs,
            },
            "devices": [device for device in ("cpu", "cuda") if api().base.queue.workers.online(device)],
            "urls": {
                "jobs": "/api/v1/jobs",
                "datasets": "/api/v1/datasets",
                "models": "/api/v1/models",
                "queue": "/api/v1/queue",
                "workers": "/api/v1/workers",
                "webhooks": "/api/v1/webhooks",
                "catalog": "/api/v1/catalog",
                "schema": "/api/v1/schema/job.json",
                "openapi": "/api/v1/openapi.json",
            },
        }
    )


@bp.get("/api/v1/catalog")
@described(answer=service_schemas.Catalog)
def catalog() -> Response:
    """Read every model, loss, optimizer, split and metric that a spec can name, with parameters and defaults."""
    return _json({"object": "catalog", "version": version("batchyard"), **all_names()})


@bp.get("/api/v1/schema/job.json")
@described(answer=service_schemas.Document)
def schema() -> Response:
    """Read the JSON Schema of a job spec, for editors."""
    return _json(job_schema())


@bp.get("/api/v1/openapi.json")
@described(answer=service_schemas.Document)
def document() -> Response:
    """Read this interface as OpenAPI 3.1."""
    return _json(openapi.document(current_app, version("batchyard"), asks_for_keys=api().base.settings.auth == "keys"))


@bp.get("/healthz")
@described(answer=service_schemas.Health)
def health() -> Response:
    """Check that this process answers."""
    return _json({"status": "ok"})


@bp.get("/readyz")
@described(answer=schemas.Ready)
def ready() -> Response:
    """Check that everything a request needs answers. It is not a fault if no worker is online: jobs wait."""
    base = api().base
    found = checks()
    # Redis is a doorbell: without it jobs are taken in and wait, as they do while a worker is started again. Without
    # S3 all is served that needs nothing new of it.
    is_ready = all(check["ok"] for name, check in found.items() if name not in {"broker", "s3", "workers"})
    online = base.queue.workers.online() if is_ready else 0
    status = "ok" if all(check["ok"] for check in found.values()) else "degraded" if is_ready else "unavailable"
    # Names, versions and room are nobody's business who has no key for them.
    shown = found if Scope.ADMIN in g.get("grant", NOBODY).scopes else None
    answer = schemas.Ready(status=status, checks=shown, workers_online=online)
    response = _json(answer.model_dump(mode="json", exclude_none=True))
    response.status_code = 200 if is_ready else 503
    return response


@bp.get("/problems/<slug_>")
@described(answer=None, media=("text/html",))
def problem(slug_: str) -> Response:
    """Read what an error means."""
    kind = {slug(known.code): known for known in _kinds(BatchyardError)}.get(slug_)
    code = kind.code if kind else slug_.replace("-", "_")
    if kind is None and code not in CLASSES:
        raise NotFound(f"There is no problem {slug_[:80]!r}.")
    title, _, more = ((kind.__doc__ if kind else f"A job ended with {code}.") or "").partition("\n")
    known: dict[str, Any] = {"known_status": STATUS.get(code), "kind": CLASSES.get(code), "hint": HINTS.get(code, "")}
    return page("problem.html", title=title, code=code, more=more.strip(), **known)


def checks() -> dict[str, dict[str, Any]]:
    """Return whether each part answers, and what it says."""
    base = api().base
    bucket = {"s3": _checked(partial(_in_reach, base.files.objects))} if base.files.objects else {}
    return {
        "process": _checked(_stays),
        "database": _checked(lambda: {"sqlite": base.database.sqlite_version} if base.database.ping() else {}),
        "migrations": _checked(lambda: {"head": check_schema(base.database)}),
        "broker": _checked(lambda: {"waiting": api().bell.waiting("cpu")}),
        "storage": _checked(lambda: _with_room(base.disk)),
        **bucket,
        "workers": _checked(lambda: _sound(base.queue.workers.faults())),
    }


def _kinds(kind: type[BatchyardError]) -> list[type[BatchyardError]]:
    return [kind, *(below for child in kind.__subclasses__() for below in _kinds(child))]


def _stays() -> dict[str, Any]:
    """Raises: NotReady when this process was told to end."""
    if shutdown().begun:
        raise NotReady("This process is being stopped; another one answers.")
    return {}


def _sound(faults: dict[str, str]) -> dict[str, Any]:
    """Raises: NotReady when a worker does nothing although jobs wait."""
    if faults:
        named = ", ".join(f"{worker} is {fault}" for worker, fault in sorted(faults.items()))
        raise NotReady(f"A worker does nothing although jobs are waiting, and is being restarted: {named}.")
    return {}


def _with_room(disk: Disk) -> dict[str, Any]:
    """Raises: StorageFull when less than the reserve is left."""
    disk.check()
    return {"free_bytes": disk.free(disk.folder)}


def _in_reach(objects: ObjectStore) -> dict[str, Any]:
    """Raises: NotReady when the bucket does not answer."""
    objects.check()
    return {"bucket": objects.address.bucket}


def _checked(look: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    began = time.perf_counter()
    try:
        found = look()
    except StorageFull as error:
        return {"ok": False, "code": error.code, "error": error.detail, **error.members}
    except (NotReady, SchemaMismatch) as error:
        return {"ok": False, "error": str(error)}
    except OSError as error:
        return {"ok": False, "error": error.strerror or "the file system does not answer"}
    return {"ok": True, "ms": round((time.perf_counter() - began) * 1000, 1), **found}


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), content_type="application/json")
