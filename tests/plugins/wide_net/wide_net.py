"""A plug-in: one wide hidden layer. An entry point is called with the shape of a row's features and the outputs."""

from torch import Tensor, nn


class Wide(nn.Module):
    """One hidden layer; `fail_on` makes it raise, to show what a plug-in's fault looks like."""

    def __init__(self, inputs: int, outputs: int, units: int, fail_on: str | None) -> None:
        super().__init__()
        self.hidden = nn.Linear(inputs, units)
        self.out = nn.Linear(units, outputs)
        self.fail_on = fail_on

    def forward(self, features: Tensor) -> Tensor:
        """Return (batch, outputs) for (batch, inputs)."""
        if self.fail_on == "forward":
            raise ZeroDivisionError("asked to fail")
        answer: Tensor = self.out(self.hidden(features).relu())
        return answer


def wide(shape: tuple[int, ...], outputs: int, units: int = 32, fail_on: str | None = None) -> nn.Module:
    """Return the net that the job's `params` ask for."""
    if fail_on == "making":
        raise ValueError("asked to fail")
    return Wide(shape[0], outputs, units, fail_on)
