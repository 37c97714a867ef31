"""What stands against a data set. Part of the tree in `errors.py`."""

from services.errors import Conflict


class DatasetInUse(Conflict):
    """Jobs need this data set."""

    code = "dataset_in_use"


class DatasetDamaged(Conflict):
    """The stored files of the data set are missing or damaged."""

    code = "dataset_damaged"
