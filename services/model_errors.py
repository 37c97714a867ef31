"""What stands against a change of registered models, or a look at predictions. Part of the tree in `errors.py`."""

from services.errors import Conflict


class VersionInUse(Conflict):
    """A registered version, or an alias of it, needs this."""

    code = "version_in_use"


class GateRefused(Conflict):
    """The version is worse than the one it would replace."""

    code = "gate_refused"


class OutputNotReady(Conflict):
    """The batch prediction has no output."""

    code = "output_not_ready"


class PredictionInUse(Conflict):
    """A batch prediction that is not finished needs this."""

    code = "prediction_in_use"
