"""What stands against a change of registered models. Part of the tree in `errors.py`."""

from services.errors import Conflict


class VersionInUse(Conflict):
    """A registered version, or an alias of it, needs this."""

    code = "version_in_use"


class GateRefused(Conflict):
    """The version is worse than the one it would replace."""

    code = "gate_refused"
