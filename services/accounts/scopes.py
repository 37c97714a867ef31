"""What a key can allow."""

from enum import StrEnum

from services.errors import Fault, InvalidRequest


class Scope(StrEnum):
    """One kind of request that a key allows."""

    READ = "read"  #: to see what its owner has
    SUBMIT = "submit"  #: to submit, upload, change and delete
    PREDICT = "predict"  #: to ask models for answers
    METRICS = "metrics"  #: to read `/metrics`, which counts what all owners have
    ADMIN = "admin"  #: to make and revoke keys, set limits, drain workers and read the audit log


USUAL = (Scope.READ, Scope.SUBMIT, Scope.PREDICT)  #: of a key for which none are named
ALL = frozenset(Scope)


def scopes_of(words: list[str], pointer: str = "#/scopes") -> tuple[Scope, ...]:
    """Return the scopes of these names.

    Raises: InvalidRequest naming the first that is none.
    """
    known = [str(scope) for scope in Scope]
    said = [word.strip() for word in words if word.strip()]
    for word in said:
        if word not in known:
            raise InvalidRequest([Fault(pointer, "unknown_value", f"{word[:40]!r} is not a scope", allowed=known)])
    if not said:
        raise InvalidRequest([Fault(pointer, "missing", "names no scope: the key would open nothing", allowed=known)])
    return tuple(Scope(word) for word in said)
