"""What a key does not open, or its owner may not have more of. Part of the tree in `errors.py`."""

from services.errors import RequestFault


class Unauthorized(RequestFault):
    """This needs a key."""

    code = "unauthorized"


class InsufficientScope(RequestFault):
    """The key does not allow this."""

    code = "insufficient_scope"


class TooManyWrongKeys(RequestFault):
    """Too many wrong keys came from this address."""

    code = "too_many_wrong_keys"


class QuotaExceeded(RequestFault):
    """This owner has reached the limit."""

    code = "quota_exceeded"


class StorageQuotaExceeded(RequestFault):
    """This owner has used up the storage that is allowed."""

    code = "storage_quota_exceeded"
