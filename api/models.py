"""Registered models over HTTP: versions, aliases and their history."""

import re
from typing import Annotated
from urllib.parse import quote

from flask import Blueprint, Response, request
from pydantic import BaseModel, Field

from api import model_schemas, schemas
from api.checkpoints import NoQuery
from api.parts import api, as_json, caller
from api.requests import body, expected_versions, query
from api.view_descriptions import described
from services.errors import Fault, InvalidRequest
from services.models.aliases import Expected, Move, NewVersion
from services.models.model_views import AliasView, ModelView, VersionView

bp = Blueprint("models", __name__, url_prefix="/api/v1/models")

NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
VERSION = re.compile(r"[1-9]\d{0,8}")
#: What a name has to look like where it is given.
NAMED = {"name": {"type": "string", "pattern": rf"^{NAME.pattern}$"}}
IF_MATCH = {"If-Match": "The ETag of the alias as you last read it: 412 if it has changed since."}


class Page(BaseModel):
    """Which part of a list."""

    model_config = {"extra": "forbid"}

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    after: Annotated[str, Field(max_length=64)] | None = None
    """The last name of the previous page."""


@bp.post("/<name>/versions")
@described(
    query=NoQuery,
    body=NewVersion,
    answer=model_schemas.ModelVersion,
    status=(201,),
    errors=(408, 409, 413, 415),
    path=NAMED,
)
def register(name: str) -> Response:
    """Register a checkpoint of a job as the next version; the first one creates the model."""
    query(NoQuery)
    wanted = body(NewVersion)
    view = api().models.register(caller(), _name(name, "name"), wanted.job, wanted.checkpoint)
    response = as_json(version_answer(view), 201)
    response.headers["Location"] = f"{bp.url_prefix}/{view.name}/versions/{view.version}"
    return response


@bp.get("")
@described(query=Page, answer=schemas.List[model_schemas.Model])
def index() -> Response:
    """List the models by their names."""
    page = query(Page)
    found, after = api().models.listing(caller(), limit=page.limit, after=page.after)
    following = f"{bp.url_prefix}?limit={page.limit}&after={quote(after)}" if after else None
    data = [_model(view) for view in found]
    return as_json(
        schemas.List[model_schemas.Model](
            url=request.full_path.rstrip("?"), data=data, has_more=after is not None, next=following
        )
    )


@bp.get("/<name>")
@described(query=NoQuery, answer=model_schemas.Model)
def show(name: str) -> Response:
    """Read a model with its versions and aliases."""
    query(NoQuery)
    return as_json(_model(api().models.get(caller(), name)))


@bp.get("/<name>/versions/<version>")
@described(query=NoQuery, answer=model_schemas.ModelVersion)
def show_version(name: str, version: str) -> Response:
    """Read one version."""
    query(NoQuery)
    return as_json(version_answer(api().models.resolve(caller(), name, version=number_of(version))))


@bp.delete("/<name>/versions/<version>")
@described(query=NoQuery, status=(204,), errors=(409,))
def delete_version(name: str, version: str) -> Response:
    """Delete a version that no alias points to. Its number is not used again."""
    query(NoQuery)
    api().models.delete_version(caller(), name, number_of(version))
    return Response(status=204)


@bp.get("/<name>/aliases/<alias>")
@described(query=NoQuery, answer=model_schemas.Alias)
def show_alias(name: str, alias: str) -> Response:
    """Read an alias. Its ETag can be used with If-Match."""
    query(NoQuery)
    return _alias(api().aliases.get(caller(), name, alias))


@bp.put("/<name>/aliases/<alias>")
@described(
    query=NoQuery, body=Move, answer=model_schemas.Alias, errors=(408, 409, 412, 413, 415), headers=IF_MATCH, path=NAMED
)
def move_alias(name: str, alias: str) -> Response:
    """Point an alias to a version; create the alias if it does not exist.

    With `gate`, the version is first compared with the one the alias points to, on rows that neither has trained on.
    """
    query(NoQuery)
    wanted = body(Move)
    found = api().aliases.move(
        caller(), name, _name(alias, "alias"), wanted, expected=Expected(expected_versions()), judge=api().judge()
    )
    return _alias(found)


@bp.delete("/<name>/aliases/<alias>")
@described(query=NoQuery, status=(204,), errors=(412,), headers=IF_MATCH)
def delete_alias(name: str, alias: str) -> Response:
    """Delete an alias; its history stays."""
    query(NoQuery)
    api().aliases.delete(caller(), name, alias, expected=Expected(expected_versions()))
    return Response(status=204)


@bp.get("/<name>/aliases/<alias>/history")
@described(query=NoQuery, answer=schemas.List[model_schemas.AliasMove])
def history(name: str, alias: str) -> Response:
    """Read the moves of an alias, newest first, with reasons and what the gate found."""
    query(NoQuery)
    data = [model_schemas.AliasMove(**vars(move)) for move in api().aliases.history(caller(), name, alias)]
    return as_json(schemas.List[model_schemas.AliasMove](url=request.path, data=data, has_more=False))


def version_answer(view: VersionView) -> model_schemas.ModelVersion:
    """Return a version as it is shown."""
    here = f"{bp.url_prefix}/{view.name}/versions/{view.version}"
    shown = {name: value for name, value in vars(view).items() if name not in {"job_id", "checkpoint_id"}}
    return model_schemas.ModelVersion(
        **shown,
        job=view.job_id,
        checkpoint=view.checkpoint_id,
        urls={"self": here, "predict": f"{here}/predict", "job": f"/api/v1/jobs/{view.job_id}"},
    )


def number_of(text: str) -> int:
    """Return a version's number; 0, which none has, for what is no number."""
    return int(text) if VERSION.fullmatch(text) else 0


def _model(view: ModelView) -> model_schemas.Model:
    return model_schemas.Model(
        name=view.name,
        created_at=view.created_at,
        versions=[version_answer(version) for version in view.versions],
        aliases=[_alias_answer(alias) for alias in view.aliases],
    )


def _alias_answer(view: AliasView) -> model_schemas.Alias:
    return model_schemas.Alias(model=view.name, alias=view.alias, version=view.version, updated_at=view.updated_at)


def _alias(view: AliasView) -> Response:
    response = as_json(_alias_answer(view))
    response.headers["ETag"] = f'"{view.revision}"'
    return response


def _name(text: str, what: str) -> str:
    if not NAME.fullmatch(text):
        detail = "must be 1 to 64 letters, digits, dots, hyphens and underscores"
        raise InvalidRequest([Fault(f"#/{what}", "invalid_name", detail, text[:80])])
    return text
