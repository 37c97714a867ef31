"""Webhooks over HTTP: make, list, show, test, delete."""

from flask import Blueprint, Response, request

from api import schemas, webhook_schemas
from api.checkpoints import NoQuery
from api.parts import api, as_json, caller
from api.requests import body, query
from api.view_descriptions import described
from services.webhooks.webhook_spec import WebhookSpec
from services.webhooks.webhook_views import DeliveryView, WebhookView

bp = Blueprint("webhooks", __name__, url_prefix="/api/v1/webhooks")


@bp.post("")
@described(query=NoQuery, body=WebhookSpec, answer=webhook_schemas.NewWebhook, status=(201,), errors=(408, 413, 415))
def add() -> Response:
    """Create a webhook. Only this answer contains its secret."""
    query(NoQuery)
    view, secret = api().base.webhooks.add(caller(), body(WebhookSpec))
    response = as_json(webhook_schemas.NewWebhook(**_brief(view), secret=secret), 201)
    response.headers["Location"] = f"{bp.url_prefix}/{view.id}"
    return response


@bp.get("")
@described(query=NoQuery, answer=schemas.List[webhook_schemas.WebhookBrief])
def index() -> Response:
    """List the webhooks, newest first."""
    query(NoQuery)
    data = [webhook_schemas.WebhookBrief(**_brief(view)) for view in api().base.webhooks.listing(caller())]
    return as_json(
        schemas.List[webhook_schemas.WebhookBrief](url=request.full_path.rstrip("?"), data=data, has_more=False)
    )


@bp.get("/<webhook_id>")
@described(query=NoQuery, answer=webhook_schemas.Webhook)
def show(webhook_id: str) -> Response:
    """Read a webhook and its last deliveries."""
    query(NoQuery)
    view = api().base.webhooks.get(caller(), webhook_id)
    return as_json(webhook_schemas.Webhook(**_brief(view), deliveries=[_delivery(found) for found in view.deliveries]))


@bp.post("/<webhook_id>/test")
@described(query=NoQuery, answer=webhook_schemas.Delivery, status=(202,))
def test(webhook_id: str) -> Response:
    """Send a test event; a disabled webhook is enabled again."""
    query(NoQuery)
    return as_json(_delivery(api().base.webhooks.test(caller(), webhook_id)), 202)


@bp.delete("/<webhook_id>")
@described(query=NoQuery, status=(204,))
def remove(webhook_id: str) -> Response:
    """Delete a webhook; nothing more is sent to it."""
    query(NoQuery)
    api().base.webhooks.delete(caller(), webhook_id)
    return Response(status=204)


def _brief(view: WebhookView) -> dict[str, object]:
    return {name: value for name, value in vars(view).items() if name != "deliveries"}


def _delivery(view: DeliveryView) -> webhook_schemas.Delivery:
    return webhook_schemas.Delivery(
        **{"job" if name == "job_id" else name: value for name, value in vars(view).items()}
    )
