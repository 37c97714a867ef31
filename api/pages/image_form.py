"""The form of a prediction whose input is an image: a picture of the data to begin with, and a file of one's own."""

from typing import TYPE_CHECKING, Any, BinaryIO

from api.lending import lender
from api.pages import samples
from api.parts import api, caller
from services.errors import Fault, InvalidRequest
from services.jobs.job_views import JobView

if TYPE_CHECKING:
    from services.predictions.pictures import ImageInput


def wanted_of(job: JobView) -> "ImageInput | None":
    """Return the image that a job's model takes; None where it takes something else."""
    if not _may_be_image(job):
        return None
    from services.predictions.pictures import input_of

    return input_of(job.spec["data"], api().base.datasets.find(caller(), job.data.id).info)


def of(job: JobView, wanted: "ImageInput", more: dict[str, Any], host_url: str) -> dict[str, Any]:
    """Return what the tab shows: the picture that is asked about, or one that validated the model."""
    from services.predictions.pictures import drawn

    row, validated = example(job)
    asked = more.get("pixels")
    pixels = asked if asked is not None else row
    source = "did not learn from" if validated else "has in its data"
    return {
        "image": wanted,
        "picture": drawn(pixels, wanted) if pixels else None,
        "picture_note": "As the model sees it." if asked is not None else f"A picture that the model {source}.",
        "call": samples.image_call(job.id, wanted, host_url),
        "call_name": "Python",
    }


def pixels_of(job: JobView, wanted: "ImageInput", file: BinaryIO | None) -> list[float]:
    """Return the numbers of a file, or of the example where none was chosen.

    Raises: InvalidRequest.
    """
    from services.predictions.pictures import numbers_of

    if file is not None:
        return numbers_of(file, wanted)
    row, _ = example(job)
    if not row:
        raise InvalidRequest([Fault("#/image", "missing", "is missing: choose a PNG or JPEG file first")])
    return row


def row(pixels: list[float], wanted: "ImageInput") -> list[Any]:
    """Return the numbers of a picture as a prediction takes them."""
    from services.predictions.pictures import row_of

    return row_of(pixels, wanted)


def example(job: JobView) -> tuple[list[float], bool]:
    """Return the numbers of a picture of the data, and whether it validated the model.

    None of a plug-in's data, nor of a job that another owner shares: its data is not shared with it.
    """
    if lender():
        return [], False
    row, validated = api().example_row(caller(), job.id)
    names = job.spec["data"].get("features") or []
    return [float(row[name] or 0.0) for name in names if name in row], validated


def _may_be_image(job: JobView) -> bool:
    """Return whether a spec speaks of tensors, before anything is loaded for them."""
    data = job.spec["data"]
    tensors = [1 for options in data.get("columns", {}).values() if options.get("type") == "tensor"]
    return bool(tensors or data.get("plugin"))
