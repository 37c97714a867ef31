"""Loaded models by checkpoint: bounded by bytes, shared fairly between owners, each loaded once however many ask."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress

from services.training.predictor import Predictor

Entries = OrderedDict[str, Predictor]


class Cache:
    """Predictors of checkpoints. A checkpoint never changes, so an entry is never stale.

    When there is no room, the owner who uses most of it gives up the model that was not asked for longest. So an owner
    who asks for many models in turn never takes the room of others, who use less.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.bytes = 0
        self.hits = 0
        self.misses = 0  #: loads; whoever waits for the load of another is none
        self.found: dict[str, Entries] = {}  #: by owner, the longest unused first
        self.used: dict[str, int] = {}  #: bytes by owner
        self.loading: dict[tuple[str, str], Future[Predictor]] = {}
        self.lock = threading.Lock()

    @property
    def models(self) -> int:
        """How many models are loaded."""
        with self.lock:
            return sum(map(len, self.found.values()))

    def peek(self, owner: str, checkpoint_id: str) -> Predictor | None:
        """Return a checkpoint's predictor if it is there."""
        with self.lock:
            return self._touched(owner, checkpoint_id)

    def get(self, owner: str, checkpoint_id: str, load: Callable[[], Predictor]) -> Predictor:
        """Return a checkpoint's predictor; load it unless it is there or another thread loads it already.

        Raises: whatever `load` raises, to all who wait for it.
        """
        key = owner, checkpoint_id
        with self.lock:
            predictor = self._touched(owner, checkpoint_id)
            if predictor is not None:
                return predictor
            own = key not in self.loading
            self.misses += own
            loading = self.loading.setdefault(key, Future())
        if not own:
            return loading.result()
        # Loaded without the lock: nobody waits for a large one who did not ask for it.
        try:
            predictor = load()
        except BaseException as error:
            with self.lock:
                del self.loading[key]
            loading.set_exception(error)
            raise
        with self.lock:
            del self.loading[key]
            self._add(owner, checkpoint_id, predictor)
        loading.set_result(predictor)
        return predictor

    def _touched(self, owner: str, checkpoint_id: str) -> Predictor | None:
        with suppress(KeyError):
            entries = self.found[owner]
            entries.move_to_end(checkpoint_id)
            self.hits += 1
            return entries[checkpoint_id]
        return None

    def _add(self, owner: str, checkpoint_id: str, predictor: Predictor) -> None:
        self.found.setdefault(owner, OrderedDict())[checkpoint_id] = predictor
        self._count(owner, predictor.size_bytes)
        while self.bytes > self.max_bytes and sum(map(len, self.found.values())) > 1:
            most = max(self.used, key=lambda name: self.used[name])
            oldest = next(iter(self.found[most]))
            if oldest == checkpoint_id and most == owner and len(self.found[most]) == 1:
                # Alone larger than all that others have: it is used now, so theirs go.
                most = max(self.used.keys() - {owner}, key=lambda name: self.used[name])
                oldest = next(iter(self.found[most]))
            self._count(most, -self.found[most].pop(oldest).size_bytes)
            if not self.found[most]:
                del self.found[most], self.used[most]

    def _count(self, owner: str, size_bytes: int) -> None:
        self.bytes += size_bytes
        self.used[owner] = self.used.get(owner, 0) + size_bytes
