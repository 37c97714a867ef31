"""What ends a training, or stops it between two batches. Part of the tree in `errors.py`."""

from services.errors import BatchyardError


class TrainingFault(BatchyardError):
    """The training can't continue, and trying again would not help."""


class NonfiniteCost(TrainingFault):
    """The training cost became infinite or not a number."""

    code = "nonfinite_cost"


class NoBestEpoch(TrainingFault):
    """The monitored value was not a number in any epoch."""

    code = "no_best_epoch"


class DataUnreadable(TrainingFault):
    """The data set can't be read."""

    code = "data_unreadable"


class DataChanged(TrainingFault):
    """The data set is not the one that was submitted."""

    code = "data_changed"


class WeightsUnreadable(TrainingFault):
    """The weights to start from can't be read."""

    code = "weights_unreadable"


class ShapeMismatch(TrainingFault):
    """The model and the data do not fit together."""

    code = "shape_mismatch"


class PluginError(TrainingFault):
    """The code of a plug-in failed."""

    code = "plugin_error"


class TrainingFailed(TrainingFault):
    """The training failed with an error that would happen again."""

    code = "training_failed"


class Fenced(BatchyardError):
    """Another attempt owns the job."""


class RankLost(BatchyardError):
    """Another of the processes that train this job is gone."""


class StopRequested(BatchyardError):
    """The training was asked to stop at this batch."""
