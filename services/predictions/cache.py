"""Loaded models, by checkpoint: bounded by bytes, the one that was not asked for longest goes first."""

import threading
from collections import OrderedDict
from collections.abc import Callable

from services.training.predictor import Predictor


class Cache:
    """Predictors of checkpoints. A checkpoint never changes, so an entry is never stale."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.bytes = 0
        self.found: OrderedDict[str, Predictor] = OrderedDict()
        self.lock = threading.Lock()

    def get(self, checkpoint_id: str, load: Callable[[], Predictor]) -> Predictor:
        """Return a checkpoint's predictor, loading it unless it is there."""
        with self.lock:
            if checkpoint_id in self.found:
                self.found.move_to_end(checkpoint_id)
                return self.found[checkpoint_id]
        # Loaded without the lock: two may load the same, and nobody waits for a large one.
        predictor = load()
        with self.lock:
            if checkpoint_id not in self.found:
                self.found[checkpoint_id] = predictor
                self.bytes += predictor.size_bytes
            while self.bytes > self.max_bytes and len(self.found) > 1:
                _, oldest = self.found.popitem(last=False)
                self.bytes -= oldest.size_bytes
        return predictor
