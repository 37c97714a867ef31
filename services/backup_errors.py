"""Why a backup is not written or restored."""

from services.errors import BatchyardError


class BackupRefused(BatchyardError):
    """A backup can't be written or restored as asked."""

    code = "backup_refused"
