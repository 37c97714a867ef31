"""Whether one more job may be taken in: there has to be room on the disk, and within the owner's limits."""

from sqlalchemy.orm import Session

from services.accounts.quotas import Limits, Quotas
from services.disk import Disk


class Admission:
    """Refuses jobs for which there is no room."""

    def __init__(self, disk: Disk, quotas: Quotas) -> None:
        self.disk = disk
        self.quotas = quotas

    def limits(self, owner: str) -> Limits:
        """Return the limits that a job of this owner has to keep.

        Raises: StorageFull.
        """
        self.disk.check()
        return self.quotas.limits(owner)

    def check(self, session: Session, owner: str, limits: Limits) -> None:
        """Refuse one more job than the limits allow. In the transaction that adds it.

        Raises: QuotaExceeded; StorageQuotaExceeded.
        """
        if limits.bound_jobs:
            self.quotas.check_submit(session, owner, limits)
