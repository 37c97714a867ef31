"""What was done otherwise than a spec says, or than it usually is: what, and why. Shown in the job."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Adjustment:
    """One thing that was changed unasked, so that a job goes on or ends sooner."""

    what: str  #: a key of the spec, `micro_batch_size`, or a part: `step`, `loader`, `checkpoint`
    before: Any
    after: Any
    why: str

    def as_json(self, epoch: int) -> dict[str, Any]:
        """Return it as a job keeps it, with how many epochs were done by then."""
        return {**asdict(self), "epoch": epoch}


def with_new(known: list[Any], found: list[Adjustment], epoch: int) -> list[Any]:
    """Return a job's adjustments with those that are new: an attempt that finds the same again adds nothing."""
    seen = [{name: value for name, value in entry.items() if name != "epoch"} for entry in known]
    return known + [one.as_json(epoch) for one in found if asdict(one) not in seen]
