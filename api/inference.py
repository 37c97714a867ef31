"""The Open Inference Protocol v2 over HTTP, as KServe and Triton speak it."""

import gzip
import zlib
from importlib.metadata import version as version_of_package
from typing import Any

import orjson
from flask import Blueprint, Response, request

from api import inference_schemas as shapes
from api.parts import api, caller
from api.requests import whole_body
from api.view_descriptions import described
from services.errors import BadRequest, Fault, InvalidRequest, TooLarge, UnsupportedMediaType

bp = Blueprint("inference", __name__, url_prefix="/v2")

JSON = "application/json"
JSON_BYTES = "Inference-Header-Content-Length"
LEAST_PACKED = 256  #: a shorter answer is not worth compressing
WINDOWS = {"gzip": 31, "deflate": 15}  #: zlib's word for the wrapping of each


@bp.get("")
@described(problem=JSON, answer=shapes.ServerMetadata)
def server() -> Response:
    """Read the server's name and version."""
    return _json(
        {"name": "batchyard", "version": version_of_package("batchyard"), "extensions": ["binary_tensor_data"]}
    )


@bp.get("/health/live")
@described(problem=JSON, answer=shapes.ServerLive)
def live() -> Response:
    """Check that this process answers."""
    return _json({"live": True})


@bp.get("/health/ready")
@described(problem=JSON, answer=shapes.ServerReady)
def ready() -> Response:
    """Check that it can predict: PyTorch is loaded and the database answers."""
    api().load_predictions()
    api().base.database.ping()
    return _json({"ready": True})


@bp.get("/models/<name>")
@bp.get("/models/<name>/versions/<version>", endpoint="version_metadata")
@described(problem=JSON, answer=shapes.ModelMetadata, errors=(409,))
def metadata(name: str, version: str = "") -> Response:
    """Read a model's versions, inputs and outputs."""
    return _json(api().inference().metadata(caller(), name, version))


@bp.get("/models/<name>/ready")
@bp.get("/models/<name>/versions/<version>/ready", endpoint="version_ready")
@described(problem=JSON, answer=shapes.ModelReady, errors=(409,))
def model_ready(name: str, version: str = "") -> Response:
    """Check that a model can answer."""
    return _json({"name": name, "ready": api().inference().is_ready(caller(), name, version)})


@bp.post("/models/<name>/infer")
@bp.post("/models/<name>/versions/<version>/infer", endpoint="version_infer")
@described(
    problem=JSON,
    body=shapes.Inference,
    answer=shapes.Inferred,
    upload=("application/octet-stream",),
    media=("application/json", "application/octet-stream"),
    errors=(408, 409, 413, 415),
    headers={JSON_BYTES: "How many bytes of the body are JSON, if binary tensors follow."},
)
def infer(name: str, version: str = "") -> Response:
    """Predict: tensors in, tensors out, in JSON or as binary data."""
    found = api().inference().infer(caller(), name, version, _body(), _json_bytes())
    kind = "application/json" if found.json_bytes is None else "application/octet-stream"
    response = Response(found.body, content_type=kind)
    if found.json_bytes is not None:
        response.headers[JSON_BYTES] = str(found.json_bytes)
    return _packed(response)


@bp.post("/repository/index")
@described(problem=JSON, answer=shapes.Index)
def index() -> Response:
    """List the models that can answer. All of them are ready, so `ready` in the body changes nothing."""
    return _json(api().inference().index(caller()))


def _body() -> bytes:
    """Return the body as it was before it was compressed.

    Raises: TooLarge, before more is unpacked than a body may have; BadRequest; UnsupportedMediaType.
    """
    sent = whole_body()
    encoding = request.headers.get("Content-Encoding", "identity").lower()
    if encoding == "identity":
        return sent
    if encoding not in WINDOWS:
        raise UnsupportedMediaType(f"The body is encoded as {encoding[:40]}.", allowed=["identity", *WINDOWS])
    most = api().base.settings.max_json_bytes
    unpacking = zlib.decompressobj(WINDOWS[encoding])
    try:
        found = unpacking.decompress(sent, most + 1)
    except zlib.error as error:
        raise BadRequest(f"The body is not {encoding}.") from error
    if len(found) > most:
        raise TooLarge(f"The body unpacks to more than {most} bytes.", limit_bytes=most)
    if not unpacking.eof:
        raise BadRequest(f"The {encoding} of the body ends early.")
    return found


def _json_bytes() -> int | None:
    said = request.headers.get(JSON_BYTES)
    if said is None:
        return None
    if not (said.isascii() and said.isdecimal() and len(said) < 12):
        raise InvalidRequest([Fault(f"#/headers/{JSON_BYTES}", "wrong_type", f"is {said[:20]!r}; must be a number")])
    return int(said)


def _packed(response: Response) -> Response:
    accepted = request.headers.get("Accept-Encoding", "")
    body = response.get_data()
    if len(body) < LEAST_PACKED or accepted not in WINDOWS:  # whoever names several can do without
        return response
    response.set_data(gzip.compress(body, 1) if accepted == "gzip" else zlib.compress(body, 1))
    response.headers["Content-Encoding"] = accepted
    return response


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), content_type="application/json")
