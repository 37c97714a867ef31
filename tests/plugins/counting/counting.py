"""A plug-in whose net notes every training step that it takes part in, so that a test can count them from outside."""

from pathlib import Path

from torch import Tensor, nn


class Counting(nn.Module):
    """One hidden layer."""

    def __init__(self, inputs: int, outputs: int, note: str) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(inputs, 64), nn.ReLU(), nn.Linear(64, outputs))
        self.note = note

    def forward(self, features: Tensor) -> Tensor:
        """Return (batch, outputs) for (batch, inputs); a training step adds a byte to the file `note`."""
        if self.training and features.device.type != "meta" and self.note:
            with Path(self.note).open("ab") as file:
                file.write(b".")
        answer: Tensor = self.net(features)
        return answer


def counting(shape: tuple[int, ...], outputs: int, note: str = "") -> nn.Module:
    """Return the net."""
    return Counting(shape[0], outputs, note)
