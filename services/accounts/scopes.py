"""What a key can allow."""

from enum import StrEnum


class Scope(StrEnum):
    """One kind of request that a key opens."""

    READ = "read"  #: to see what its owner has
    SUBMIT = "submit"  #: to submit, upload, change and delete
    PREDICT = "predict"  #: to ask models for answers
    ADMIN = "admin"  #: to make and revoke keys, set limits and read the audit log


USUAL = (Scope.READ, Scope.SUBMIT, Scope.PREDICT)  #: of a key for which none are named
ALL = frozenset(Scope)
