"""Joins what keeps files: the storage folder alone, or a bucket on S3 with local copies of what is used here."""

from collections.abc import Callable

from services.batches.output_files import OutputFiles
from services.batches.shared_outputs import AnyOutputs, SharedOutputs
from services.datasets.shared_storage import AnyStorage, SharedStorage
from services.datasets.storage import Storage
from services.disk import Disk
from services.exports.files import ExportFiles
from services.exports.shared_exports import AnyExports, SharedExports
from services.objects.cache import Cache
from services.objects.store import ObjectStore
from services.settings import Settings

CACHE = "cache"  #: folder of local copies: what the storage folder had before there was a bucket is none


def cache(settings: Settings) -> Cache:
    """Return the local copies."""
    return Cache(settings.storage / CACHE, settings.cache_bytes, Disk(settings))


def dataset_storage(settings: Settings, waiting: Callable[[], None] | None = None) -> AnyStorage:
    """Return the files of data sets. With `waiting` a bucket that is away is waited for, and `waiting` is told.

    Raises: SettingInvalid.
    """
    store = ObjectStore.of(settings)
    return Storage(settings.storage) if store is None else SharedStorage(store, cache(settings), waiting)


def output_files(settings: Settings, waiting: Callable[[], None] | None = None) -> AnyOutputs:
    """Return the files of batch predictions, with `waiting` as above.

    Raises: SettingInvalid.
    """
    store = ObjectStore.of(settings)
    return OutputFiles(settings.storage) if store is None else SharedOutputs(store, cache(settings), waiting)


def exports(settings: Settings) -> AnyExports:
    """Return the files of exports.

    Raises: SettingInvalid.
    """
    store, local = ObjectStore.of(settings), ExportFiles(settings.storage, settings.max_export_bytes)
    return local if store is None else SharedExports(local, store)
