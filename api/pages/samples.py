"""The same call as curl, as a command and as Python, with the address that the browser used."""

import shlex
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from services.predictions.pictures import ImageInput

SPEC: dict[str, Any] = {"data": {"builtin": "iris"}, "model": "mlp"}


def copies(spec: dict[str, Any], host_url: str) -> dict[str, str]:
    """Return how to submit a spec from elsewhere."""
    server = host_url.rstrip("/")
    text = orjson.dumps(spec).decode()
    arguments = ", ".join(f"{name}={value!r}" for name, value in spec.items())
    return {
        "curl": f"curl --json {shlex.quote(text)} \\\n  {shlex.quote(f'{server}/api/v1/jobs')}",
        "Command": f"echo {shlex.quote(text)} |\n  batchyard --server {shlex.quote(server)} submit - --watch",
        "Python": f"import batchyard\n\nclient = batchyard.Client({server!r})\n"
        f"job = client.jobs.submit({arguments})\njob.watch()",
    }


def image_call(job_id: str, wanted: "ImageInput", host_url: str) -> str:
    """Return the Python of a prediction of a picture."""
    scale = f" / 255 * {wanted.high:g}" if not wanted.low else f" / 255 * {wanted.high - wanted.low:g} + {wanted.low:g}"
    axes = "[None]" if wanted.channels == 1 else ".transpose(2, 0, 1)"
    return (
        "import batchyard\nimport numpy as np\nfrom PIL import Image\n\n"
        f'image = Image.open("picture.png").convert("{wanted.mode}").resize(({wanted.width}, {wanted.height}))\n'
        f"pixels = np.asarray(image, dtype=np.float32){axes}{scale if wanted.high != 255 or wanted.low else ''}\n"
        f"job = batchyard.Client({host_url.rstrip('/')!r}).job({job_id!r})\n"
        f"print(job.predict(pixels.reshape({', '.join(map(str, (1, *(wanted.item or (-1,)))))})))"
    )


def model_call(name: str, host_url: str) -> str:
    """Return the curl that predicts the rows of a file by a registered model."""
    address = shlex.quote(f"{host_url}api/v1/models/{name}/predict")
    return f"curl -H 'Content-Type: text/csv' --data-binary @rows.csv \\\n  {address}"


def predict_call(job_id: str, record: dict[str, Any], host_url: str) -> str:
    """Return the curl of a prediction."""
    text = orjson.dumps({"records": [record]}).decode()
    return f"curl --json {shlex.quote(text)} \\\n  {shlex.quote(f'{host_url}api/v1/jobs/{job_id}/predict')}"
