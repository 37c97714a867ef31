"""Objects in a bucket on S3. Where obstore is known; nothing of it is loaded before the first request.

What a library says of a request may hold keys and addresses: errors leave this file in words of our own.
"""

import builtins
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.errors import NotReady
from services.objects.address import Address
from services.objects.circuit_breaker import LATE_S, PAUSE_S, CircuitBreaker
from services.settings import PREFIX, Settings

if TYPE_CHECKING:
    from obstore.store import S3Store

PIECE_BYTES = 8 << 20  #: of a file, in one request
AT_ONCE = 4  #: requests that send the pieces of one file
QUICK_S = 5.0  #: longest time of a request that carries next to nothing
CHECK_S = 2.0  #: and of one that only asks whether the bucket answers
LEFT_ALONE_S = 60.0  #: a bucket that did not answer is not asked to discard anything for so long
LISTED = 1_000  #: names in one answer of a listing
REFUSED = ("401 Unauthorized", "403 Forbidden")


class ObjectMissing(Exception):
    """There is no object of this name."""


@dataclass(frozen=True)
class Stored:
    """An object: its name, its size, and when it was written by the clock of the bucket."""

    key: str
    size_bytes: int
    modified_at: datetime


class ObjectStore:
    """The objects of one bucket. What never changes is named by its SHA-256, and so may be written twice."""

    def __init__(self, address: Address, timeout_s: float, late_s: float = LATE_S) -> None:
        self.address = address
        self.timeout_s = timeout_s
        self.breaker = CircuitBreaker(late_s)
        self._left_alone_until = 0.0
        self._clock: tuple[datetime, float] | None = None  #: the bucket's, and ours then

    @classmethod
    def of(cls, settings: Settings) -> "ObjectStore | None":
        """Return the objects of the bucket that the settings name; None: everything is in the storage folder.

        Raises: SettingInvalid.
        """
        address = Address.of(settings)
        return None if address is None else cls(address, settings.storage_timeout_s)

    def put_file(self, key: str, path: Path, *, again: bool = False) -> None:
        """Store a file under a name that holds its digest, unless it is there; `again`: even then.

        Raises: NotReady.
        """
        import obstore

        if not again and self.size_of(key) == path.stat().st_size:
            return
        with self._asked():
            obstore.put(self._bulk, key, path, chunk_size=PIECE_BYTES, max_concurrency=AT_ONCE)

    def put(self, key: str, content: bytes) -> None:
        """Store bytes, in the place of what is there.

        Raises: NotReady.
        """
        import obstore

        with self._asked():
            obstore.put(self._bulk, key, content, chunk_size=PIECE_BYTES, max_concurrency=AT_ONCE)

    def put_if_absent(self, key: str, content: bytes) -> bool:
        """Store a few bytes unless there is an object of this name; return whether there was none.

        Raises: NotReady.
        """
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        with self._asked():
            try:
                obstore.put(self._bulk, key, content, mode="create")
            except (AlreadyExistsError, PreconditionError):
                return False
        return True

    def get(self, key: str) -> bytes:
        """Return the content of a small object.

        Raises: NotReady; ObjectMissing.
        """
        import obstore

        with self._asked():
            return bytes(obstore.get(self._bulk, key).bytes())

    def read_into(self, key: str, path: Path, told: Callable[[], None] = lambda: None) -> str:
        """Write an object to a file, piece by piece; return the SHA-256 of what came. `told` is called for each piece.

        Raises: NotReady; ObjectMissing; OSError of the file.
        """
        digest, pieces = sha256(), self._pieces(key)
        with open(path, "wb") as file:
            for piece in pieces:
                digest.update(piece)
                file.write(piece)
                told()
        return digest.hexdigest()

    def read(self, key: str) -> bytes:
        """Return the content of an object of any size, piece by piece.

        Raises: NotReady; ObjectMissing.
        """
        return b"".join(self._pieces(key))

    def _pieces(self, key: str) -> Iterator[bytes]:
        import obstore

        size = self.size_of(key)
        if size is None:
            raise ObjectMissing(key)
        for start in range(0, size, PIECE_BYTES):
            with self._asked():
                piece = obstore.get_range(self._bulk, key, start=start, end=min(start + PIECE_BYTES, size))
            yield bytes(piece)

    def size_of(self, key: str) -> int | None:
        """Return the size of an object, None if there is none.

        Raises: NotReady.
        """
        import obstore

        try:
            with self._asked():
                return int(obstore.head(self._quick, key)["size"])
        except ObjectMissing:
            return None

    def before(self, seconds: float) -> datetime:
        """Return the time so long ago, by the bucket's clock: it is asked once, and counted from then on.

        Raises: NotReady.
        """
        import obstore

        if self._clock is None:
            self.put("time", b"")
            with self._asked():
                self._clock = obstore.head(self._quick, "time")["last_modified"], time.monotonic()
        then, at = self._clock
        return then + timedelta(seconds=time.monotonic() - at - seconds)

    def older_than(self, prefix: str, part: int, seconds: float) -> "builtins.list[str]":
        """Return the groups of objects below a prefix, by the so-many-th part of their names, none of which was written
        for so long.

        Raises: NotReady.
        """
        newest: dict[str, datetime] = {}
        before = self.before(seconds)
        for each in self.list(prefix):
            parts = each.key.split("/")
            if len(parts) > part:
                newest[parts[part]] = max(each.modified_at, newest.get(parts[part], each.modified_at))
        return [group for group, modified_at in newest.items() if modified_at < before]

    def list(self, prefix: str) -> Iterator[Stored]:
        """Yield the objects below a prefix.

        Raises: NotReady.
        """
        import obstore

        with self._asked():
            for found in obstore.list(self._quick, prefix, chunk_size=LISTED):
                for each in found:
                    yield Stored(each["path"], each["size"], each["last_modified"])

    def delete(self, keys: Sequence[str]) -> None:
        """Delete objects; none is no error.

        Raises: NotReady.
        """
        import obstore

        if keys:
            with self._asked():
                obstore.delete(self._quick, list(keys))

    def discard(self, prefix: str, but: str = "") -> None:
        """Remove the objects below a prefix, but those whose names begin so. What a bucket that is away keeps, a sweep
        removes; it is left alone for a while then, so that who discards much does not wait for it each time.
        """
        if time.monotonic() < self._left_alone_until:
            return
        try:
            self.delete([each.key for each in self.list(prefix) if not but or not each.key.startswith(but)])
        except NotReady:
            self._left_alone_until = time.monotonic() + LEFT_ALONE_S

    def check(self) -> None:
        """Ask for a listing without a name in it.

        Raises: NotReady when the bucket does not answer.
        """
        import obstore

        with self._asked():
            for _ in obstore.list(self._store(min(CHECK_S, self.timeout_s), retries=0), "no-such-name"):
                return

    @cached_property
    def _bulk(self) -> "S3Store":
        return self._store(self.timeout_s, retries=2)

    @cached_property
    def _quick(self) -> "S3Store":
        return self._store(min(QUICK_S, self.timeout_s), retries=0)

    def _store(self, timeout_s: float, *, retries: int) -> "S3Store":
        from obstore.store import S3Store

        there, time = self.address, timedelta(seconds=timeout_s)
        given: dict[str, Any] = {"endpoint": there.endpoint, "region": there.region}
        given |= {"access_key_id": there.access_key, "secret_access_key": there.secret_key}
        return S3Store(
            there.bucket,
            prefix=there.prefix or None,
            client_options={"timeout": time, **({"allow_http": True} if there.endpoint.startswith("http:") else {})},
            retry_config={"max_retries": retries, "retry_timeout": time},
            **{name: value for name, value in given.items() if value},
        )

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """Turn what the library raises into ours.

        Raises: NotReady; ObjectMissing.
        """
        from obstore.exceptions import BaseError, NotFoundError

        bucket, began = self.address.bucket, time.monotonic()
        if not self.breaker.may_ask():
            again = f"it is asked again in at most {PAUSE_S:.0f} s"
            raise NotReady(f"The bucket {bucket} on S3 has not answered several times; {again}.")
        try:
            yield
        except (FileNotFoundError, PermissionError, BaseError) as error:
            said = str(error)  # not of every request the library makes a class of its own
            refused = any(word in said for word in REFUSED)
            if not (refused or "NoSuchBucket" in said or isinstance(error, FileNotFoundError | NotFoundError)):
                self.breaker.failed(began)
                raise NotReady(f"The bucket {bucket} on S3 does not answer.") from None
            self.breaker.answered()
            if refused:
                keys = f"{PREFIX}STORAGE_ACCESS_KEY and {PREFIX}STORAGE_SECRET_KEY"
                raise NotReady(f"S3 does not let this service use the bucket {bucket}: check {keys}.") from None
            if "NoSuchBucket" in said:
                raise NotReady(f"There is no bucket {bucket} on S3: create it.") from None
            raise ObjectMissing from None
        self.breaker.answered()
