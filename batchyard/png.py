"""A curve as PNG, drawn by Pillow, which `pip install 'batchyard[png]'` brings."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from batchyard.curves import COLOURS, finite, pieces
from batchyard.errors import BatchyardError

WIDTH, HEIGHT = 1_280, 720
LEFT, TOP, RIGHT, BOTTOM = 120, 90, 40, 80
LINE, TEXT, QUIET = "#d6d6ce", "#1b1d1f", "#585d63"
SMALL, LARGE = 24, 34  #: sizes of the font


@dataclass(frozen=True)
class _Scale:
    """What the axes span, and where in the picture a value is."""

    first: float
    last: float
    low: float
    high: float

    def place(self, epoch: float, value: float) -> tuple[float, float]:
        """Return a value's pixels, from the left and from the top."""
        across = (epoch - self.first) / (self.last - self.first) if self.last > self.first else 0.5
        down = 1 - (value - self.low) / (self.high - self.low)
        return LEFT + (WIDTH - LEFT - RIGHT) * across, TOP + (HEIGHT - TOP - BOTTOM) * down


def png(columns: Mapping[str, Sequence[Any]], names: Sequence[str], *, title: str) -> bytes:
    """Return columns over `epoch` as a PNG; what is not finite is a gap.

    Raises: BatchyardError saying what to install.
    """
    try:
        from PIL import Image, ImageDraw, ImageFont
    except ImportError:
        raise BatchyardError(
            "A PNG needs Pillow: pip install 'batchyard[png]'. An .svg needs nothing more: name the file so."
        ) from None
    small = ImageFont.load_default(SMALL)
    picture = Image.new("RGB", (WIDTH, HEIGHT), "#ffffff")
    draw = ImageDraw.Draw(picture)
    kept = [name for name in names if name in columns]
    epochs = [float(epoch) for epoch in columns["epoch"]]
    scale = _scale(epochs, [float(y) for name in kept for y in columns[name] if finite(y)])
    draw.text((LEFT, 18), title, font=ImageFont.load_default(LARGE), fill=TEXT)
    _draw_axes(draw, scale, small)
    for n, name in enumerate(kept):
        colour = COLOURS[n % len(COLOURS)]
        for piece in pieces(epochs, columns[name]):
            _draw_piece(draw, [scale.place(epoch, value) for epoch, value in piece], colour)
        draw.text((WIDTH - RIGHT - 220 * (len(kept) - n - 1), 56), name, font=small, fill=colour, anchor="rm")
    whole = io.BytesIO()
    picture.save(whole, "PNG")
    return whole.getvalue()


def _scale(epochs: Sequence[float], values: Sequence[float]) -> _Scale:
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    first, last = (epochs[0], epochs[-1]) if epochs else (0.0, 1.0)
    return _Scale(first, last, low, high if high > low else low + (abs(low) or 1.0))


def _draw_axes(draw: Any, scale: _Scale, font: Any) -> None:
    for part in range(5):
        value = scale.low + (scale.high - scale.low) * part / 4
        y = scale.place(scale.first, value)[1]
        draw.line([(LEFT, y), (WIDTH - RIGHT, y)], fill=LINE, width=2)
        draw.text((LEFT - 14, y), f"{value:.4g}", font=font, fill=QUIET, anchor="rm")
    for epoch in dict.fromkeys((scale.first, scale.last)):
        side = "rm" if epoch == scale.last > scale.first else "lm"
        x = scale.place(epoch, scale.low)[0]
        draw.text((x, HEIGHT - 50), f"epoch {epoch:g}", font=font, fill=QUIET, anchor=side)


def _draw_piece(draw: Any, points: list[tuple[float, float]], colour: str) -> None:
    """Draw what lies between two gaps: a line, or a dot where it is a single value."""
    if len(points) > 1:
        draw.line(points, fill=colour, width=4, joint="curve")
        return
    ((x, y),) = points
    draw.ellipse([x - 6, y - 6, x + 6, y + 6], fill=colour)
