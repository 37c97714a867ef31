"""Which exit code an error has that may have been a lack of memory."""

from worker import outcome


def memory_exit(error: BaseException) -> int:
    """Return the exit code of an error that may have been a lack of memory."""
    words = str(error).lower()
    if "cuda" in words and "out of memory" in words:
        return outcome.GPU_MEMORY
    is_memory = isinstance(error, MemoryError) or "can't allocate memory" in words or "out of memory" in words
    return outcome.MEMORY if is_memory else outcome.BUG
