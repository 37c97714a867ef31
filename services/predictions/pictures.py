"""A PNG or JPEG file becomes the numbers that a model of images takes, and such numbers become a picture."""

import base64
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, ImageOps

from services.columns import TableInfo
from services.errors import Fault, InvalidRequest

FORMATS = ("PNG", "JPEG")
MAX_PIXELS = 16_000_000  #: of a file: all of it is in memory while it is made smaller
BYTE = 255.0


@dataclass(frozen=True)
class ImageInput:
    """What a model takes as its input: the size of an image, and the numbers of black and of full brightness."""

    channels: int  #: 1: grey; 3: red, green, blue
    height: int
    width: int
    low: float
    high: float
    item: tuple[int, ...] = ()  #: the shape of a plug-in's item, whose numbers are lists in lists

    @property
    def mode(self) -> str:
        """What Pillow calls the kind of picture."""
        return "L" if self.channels == 1 else "RGB"


def input_of(data: dict[str, Any], info: TableInfo) -> ImageInput | None:
    """Return the image that the `data` of a resolved spec takes from its columns; None where it takes others."""
    tensors = {name: options for name, options in data.get("columns", {}).items() if options.get("type") == "tensor"}
    features, item = list(data.get("features") or []), list[int]()
    if len(info.columns) and info.columns[0].type == "tensor":
        item = shape = list(info.columns[0].shape or [])
    elif len(tensors) == 1:
        ((name, options),) = tensors.items()
        shape = list(options.get("shape") or [])
        if features != [f"{name}{n}" for n in range(math.prod(shape))]:
            return None
    else:
        return None
    channels, height, width = ([1, *shape] if len(shape) == 2 else shape) if len(shape) in (2, 3) else (0, 0, 0)
    if channels not in (1, 3):
        return None
    return ImageInput(channels, height, width, *_span(info, features), tuple(item))


def numbers_of(file: BinaryIO, wanted: ImageInput) -> list[float]:
    """Return the numbers of a picture, made as large as the model's images.

    Shapes: channels * height * width, the first channel's rows first.
    Raises: InvalidRequest when it is no PNG or JPEG, damaged, or too large.
    """
    try:
        with Image.open(file, formats=FORMATS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                detail = f"has {picture.width} × {picture.height} pixels; at most {MAX_PIXELS:,} are read"
                raise InvalidRequest([Fault("#/image", "too_large", detail, hint="make it smaller first")])
            picture.draft(wanted.mode, (wanted.width, wanted.height))  # a large JPEG need not be read whole
            fitting = _opaque(ImageOps.exif_transpose(picture)).convert(wanted.mode)
            pixels = np.asarray(fitting.resize((wanted.width, wanted.height)), dtype=np.float64)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        hint = "save it as PNG or JPEG again"
        raise InvalidRequest(
            [Fault("#/image", "invalid", "can't be read as a PNG or JPEG picture", hint=hint)]
        ) from error
    planes = pixels.reshape(wanted.height, wanted.width, wanted.channels).transpose(2, 0, 1)
    return [float(value) for value in (wanted.low + planes / BYTE * (wanted.high - wanted.low)).ravel()]


def row_of(numbers: list[float], wanted: ImageInput) -> list[Any]:
    """Return the numbers of a picture as a row of `x`."""
    return list(np.reshape(numbers, wanted.item).tolist()) if wanted.item else numbers


def drawn(numbers: Sequence[float | None], wanted: ImageInput) -> str:
    """Return numbers as the address of a picture that holds all of itself (RFC 2397)."""
    share = (np.array(numbers, dtype=np.float64) - wanted.low) / ((wanted.high - wanted.low) or 1.0)
    planes = np.clip(np.nan_to_num(share), 0, 1).reshape(wanted.channels, wanted.height, wanted.width)
    pixels = np.round(planes * BYTE).astype(np.uint8).transpose(1, 2, 0)
    made = io.BytesIO()
    Image.fromarray(pixels[:, :, 0] if wanted.channels == 1 else pixels).save(made, "PNG")
    return "data:image/png;base64," + base64.b64encode(made.getvalue()).decode()


def _span(info: TableInfo, features: list[str]) -> tuple[float, float]:
    """Return what black and full brightness are in the data: 0 and 1, 0 and 255, -1 and 1, or its extremes."""
    columns = [info.column(name) for name in features if name in info.names]
    lows = [column.min for column in columns if column.min is not None]
    highs = [column.max for column in columns if column.max is not None]
    if not lows or not highs:
        return 0.0, 1.0
    low, high = min(lows), max(highs)
    if high <= 1:
        return (0.0 if low >= 0 else -1.0 if low >= -1 else low), 1.0
    return (0.0 if low >= 0 else low), (BYTE if 128 <= high <= BYTE else high)


def _opaque(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):  # 16 bits a pixel, which `convert` would cut off at 255
        return Image.fromarray((np.asarray(picture, dtype=np.uint32) >> 8).astype(np.uint8))
    if not picture.has_transparency_data:
        return picture
    ground = Image.new("RGBA", picture.size, "white")
    ground.alpha_composite(picture.convert("RGBA"))
    return ground
