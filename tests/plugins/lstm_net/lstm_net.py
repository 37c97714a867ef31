"""A plug-in: an LSTM over a series whose steps stand one after another in a row."""

from torch import Tensor, nn


class Lstm(nn.Module):
    """The last hidden state of an LSTM, and a linear layer."""

    def __init__(self, inputs: int, outputs: int, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.lstm = nn.LSTM(channels, 8, batch_first=True)
        self.out = nn.Linear(8, outputs)
        self.steps = inputs // channels

    def forward(self, features: Tensor) -> Tensor:
        """Return (batch, outputs) for (batch, steps x channels)."""
        states, _ = self.lstm(features.reshape(-1, self.steps, self.channels))
        answer: Tensor = self.out(states[:, -1])
        return answer


def lstm(shape: tuple[int, ...], outputs: int, channels: int = 2) -> nn.Module:
    """Return the net that the job's `params` ask for."""
    return Lstm(shape[0], outputs, channels)
