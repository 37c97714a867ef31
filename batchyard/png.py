"""A curve as PNG, drawn by Pillow, which `pip install 'batchyard[png]'` brings."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

from batchyard.curves import COLOURS, finite, pieces
from batchyard.errors import BatchyardError

WIDTH, HEIGHT = 1_280, 720
LEFT, TOP, RIGHT, BOTTOM = 120, 90, 40, 80
LINE, TEXT, QUIET = "#d6d6ce", "#1b1d1f", "#585d63"


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
    small, large = ImageFont.load_default(24), ImageFont.load_default(34)
    picture = Image.new("RGB", (WIDTH, HEIGHT), "#ffffff")
    draw = ImageDraw.Draw(picture)
    kept = [name for name in names if name in columns]
    epochs = [float(epoch) for epoch in columns["epoch"]]
    values = [float(y) for name in kept for y in columns[name] if finite(y)]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    high = high if high > low else low + (abs(low) or 1.0)
    first, last = (epochs[0], epochs[-1]) if epochs else (0.0, 1.0)

    def place(epoch: float, value: float) -> tuple[float, float]:
        across = (epoch - first) / (last - first) if last > first else 0.5
        return LEFT + (WIDTH - LEFT - RIGHT) * across, TOP + (HEIGHT - TOP - BOTTOM) * (
            1 - (value - low) / (high - low)
        )

    draw.text((LEFT, 18), title, font=large, fill=TEXT)
    for part in range(5):
        value = low + (high - low) * part / 4
        y = place(first, value)[1]
        draw.line([(LEFT, y), (WIDTH - RIGHT, y)], fill=LINE, width=2)
        draw.text((LEFT - 14, y), f"{value:.4g}", font=small, fill=QUIET, anchor="rm")
    for epoch in dict.fromkeys((first, last)):
        side = "rm" if epoch == last > first else "lm"
        draw.text((place(epoch, low)[0], HEIGHT - 50), f"epoch {epoch:g}", font=small, fill=QUIET, anchor=side)
    for n, name in enumerate(kept):
        colour = COLOURS[n % len(COLOURS)]
        for piece in pieces(epochs, columns[name]):
            points = [place(epoch, value) for epoch, value in piece]
            if len(points) > 1:
                draw.line(points, fill=colour, width=4, joint="curve")
            else:
                (x, y) = points[0]
                draw.ellipse([x - 6, y - 6, x + 6, y + 6], fill=colour)
        draw.text((WIDTH - RIGHT - 220 * (len(kept) - n - 1), 56), name, font=small, fill=colour, anchor="rm")
    whole = io.BytesIO()
    picture.save(whole, "PNG")
    return whole.getvalue()
