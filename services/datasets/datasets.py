"""What users ask about data sets, and what a submit needs of them."""

from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy.orm import Session

from services import fingerprints
from services.accounts.quotas import Quotas
from services.columns import TableInfo
from services.dataset_errors import DatasetInUse
from services.datasets import dataset_rows, ingest, upload_limits
from services.datasets.cells import value_of
from services.datasets.dataset_views import DatasetView, Entry, damaged, view_of
from services.datasets.shared_storage import AnyStorage
from services.datasets.storage import ORIGINAL, TABLE, info_json
from services.datasets.table_limits import TableLimits
from services.db import cursors
from services.db.engine import Database, now
from services.disk import Disk
from services.errors import NotFound, NotReady
from services.model_errors import PredictionInUse
from services.settings import Settings
from services.specs.schema.file_options import FileOptions
from services.training_errors import DataChanged, DataUnreadable

AS_FOUND = FileOptions()
SWEEP_S = 3600.0  #: files that nothing refers to are kept for so long
WITH_JOB = {"inline", "plugin"}  #: data sets that go with their last job


class DatasetService:
    """Data sets of owners: the rows in SQL say what there is, the storage holds the bytes."""

    def __init__(self, database: Database, storage: AnyStorage, settings: Settings, disk: Disk, quotas: Quotas) -> None:
        self.database = database
        self.storage = storage
        self.settings = settings
        self.disk = disk
        self.quotas = quotas

    def upload(
        self, stream: BinaryIO, *, name: str, owner: str, options: FileOptions = AS_FOUND
    ) -> tuple[DatasetView, bool]:
        """Store a file; return its data set, and False if the same bytes were there already.

        Files that were lost or damaged since are stored again.
        Raises: TooLarge, StorageQuotaExceeded, UnsupportedMediaType, StorageFull, InvalidRequest with every fault.
        """
        upload_limits.check_name(name)
        self.disk.check()
        with self.storage.draft() as draft:
            most, left = self.settings.max_upload_bytes, self.quotas.bytes_left(owner)
            sha256, size = upload_limits.received(stream, draft / ORIGINAL, most, left)
            original, sha256 = sha256, ingest.identity(sha256, options)
            with self.database.reading() as session:
                known = dataset_rows.by_bytes(session, owner, sha256, "upload")
            if known and self.storage.is_intact(sha256, original):
                return self._renamed(known, name), False
            kept = self.stored(draft, sha256, name, options)
        view = view_of(kept, Entry(owner, name, "upload"), size_bytes=size, sha256=sha256)
        with self.database.transaction() as session:
            # Of two equal uploads at once the second waits here and then sees the first.
            dataset_rows.lock(session, sha256)
            known = dataset_rows.by_bytes(session, owner, sha256, "upload")
            if known:
                dataset_rows.describe(session, sha256, view)
                dataset_rows.rename(session, known.id, name)
                return replace(known, name=name, info=view.info, dialect=view.dialect, warnings=view.warnings), False
            self.check_files(view)
            dataset_rows.add(session, view, now(session))
        return self.find(owner, view.id), True

    def _renamed(self, dataset: DatasetView, name: str) -> DatasetView:
        """Give a data set the name that its bytes were just uploaded under; it is found by that name from now on."""
        if dataset.name == name:
            return dataset
        with self.database.transaction() as session:
            dataset_rows.rename(session, dataset.id, name)
        return replace(dataset, name=name)

    def rename(self, owner: str, dataset_id: str, name: str) -> DatasetView:
        """Give an upload another name; specs that were resolved name it by its id.

        Raises: NotFound; InvalidRequest when no data set can be called so.
        """
        upload_limits.check_name(name, "#/name")
        with self.database.reading() as session:
            dataset = dataset_rows.by_id(session, owner, dataset_id)
        if dataset is None or dataset.source != "upload":
            raise NotFound(f"There is no data set {dataset_id[:80]!r} that was uploaded.")
        return self._renamed(dataset, name)

    def find(self, owner: str, id_or_name: str) -> DatasetView:
        """Return a data set by its id or, newest first, its name.

        Raises: NotFound with the closest name.
        """
        with self.database.reading() as session:
            return dataset_rows.named(session, owner, id_or_name)

    def listing(
        self, owner: str, *, limit: int, after: str | None, sha256: str | None = None
    ) -> tuple[list[DatasetView], str | None]:
        """Return uploads, newest first, and the cursor of the next page.

        With `sha256` only the upload of these bytes, and only while its files are whole: others are to be sent again.
        """
        place = None
        if after:
            time, dataset_id = cursors.read(after, 2)
            place = (cursors.time(time), dataset_id)
        with self.database.reading() as session:
            found = dataset_rows.page(session, owner, limit + 1, place, sha256)
        if sha256:
            found = [view for view in found if self.storage.is_intact(view.sha256, sha256)]
        shown = found[:limit]
        more = len(found) > limit
        return shown, cursors.write(shown[-1].created_at, shown[-1].id) if more else None

    def rows(self, owner: str, dataset_id: str, *, limit: int, after: int = 0) -> list[list[Any]]:
        """Return rows as they were uploaded: numbers, texts, booleans, None for a missing value.

        Raises: NotFound; DatasetDamaged.
        """
        dataset = self.with_files(owner, dataset_id)
        try:
            table = self.storage.open_table(dataset.sha256, dataset.info)[after : after + limit]
        except (DataUnreadable, DataChanged) as error:
            raise damaged(dataset, error.detail) from error
        columns = []
        for n, column in enumerate(dataset.info.columns):
            cells = table[:, n].tolist()
            columns.append([None if cell != cell else value_of(cell, column) for cell in cells])
        return [list(row) for row in zip(*columns, strict=True)]

    def content(self, owner: str, dataset_id: str) -> tuple[DatasetView, Path]:
        """Return a data set and the file of its original bytes.

        Raises: NotFound; DatasetDamaged.
        """
        dataset = self.with_files(owner, dataset_id)
        try:
            return dataset, self.storage.original(dataset.sha256)
        except (DataUnreadable, DataChanged) as error:
            raise damaged(dataset, error.detail) from error

    def delete(self, owner: str, dataset_id: str) -> None:
        """Delete an upload.

        Raises: NotFound; DatasetInUse naming jobs, since a job needs its data to train and to be trained again;
        PredictionInUse.
        """
        with self.database.transaction() as session:
            dataset = dataset_rows.by_id(session, owner, dataset_id)
            if dataset is None or dataset.source != "upload":
                raise NotFound(f"There is no data set {dataset_id[:80]!r}.")
            dataset_rows.lock(session, dataset.sha256)
            jobs = list(dataset_rows.jobs_of(session, dataset.id, open_only=False))
            if jobs:
                raise DatasetInUse("Jobs need this data set; delete them first.", jobs=jobs)
            if reading := list(dataset_rows.predictions_of(session, dataset.id)):
                raise PredictionInUse("Batch predictions read this data set: wait, or cancel.", predictions=reading)
            dataset_rows.remove(session, dataset.id)

    def release(self, session: Session, dataset_id: str, owner: str) -> None:
        """Forget inline rows, and what is known of a plug-in's data, whose last job was deleted. Files go later.

        A submit of the same rows may be between finding the files and inserting its row.
        """
        dataset = dataset_rows.by_id(session, owner, dataset_id)
        if dataset is None or dataset.source not in WITH_JOB:
            return
        dataset_rows.lock(session, dataset.sha256)
        if not dataset_rows.jobs_of(session, dataset_id, open_only=False):
            dataset_rows.remove(session, dataset_id)

    def sweep(self, older_than_s: float = SWEEP_S) -> int:
        """Remove drafts left behind and files that no data set refers to; return how many folders went."""
        removed = self.storage.remove_drafts(older_than_s)
        for sha256 in self.storage.older_than(older_than_s):
            with self.database.transaction() as session:
                dataset_rows.lock(session, sha256)
                if dataset_rows.is_used(session, sha256) or not self.storage.is_older_than(sha256, older_than_s):
                    continue
                # Still under the lock, so that no row for these files is inserted meanwhile.
                self.storage.remove(sha256)
                removed += 1
        return removed

    def with_files(self, owner: str, id_or_name: str) -> DatasetView:
        """Return an upload, or rows that came inline.

        Raises: NotFound.
        """
        return with_files(self.find(owner, id_or_name))

    def check_files(self, dataset: DatasetView) -> None:
        """Refuse a data set whose files a sweep took.

        Raises: NotReady.
        """
        if not self.storage.holds(dataset.sha256):
            raise NotReady("The data set's files were just deleted. Send it again.")

    def stored(self, draft: Path, sha256: str, name: str, options: FileOptions = AS_FOUND) -> dict[str, Any]:
        """Make a draft's file the data set of this SHA-256; return what is kept beside its table."""
        self.storage.touch(sha256)
        if self.storage.is_intact(sha256, fingerprints.digest(draft / ORIGINAL)):
            return self.storage.info(sha256)
        limits = TableLimits.of(self.settings)
        found = ingest.ingest(draft / ORIGINAL, draft / TABLE, name=name, limits=limits, options=options)
        kept = kept_of(found.format, found.info, found.dialect, ingest.suggested_target(found.info))
        return self.storage.keep(draft, sha256, kept)


def with_files(dataset: DatasetView) -> DatasetView:
    """Return a data set that has files.

    Raises: NotFound for one that has none.
    """
    if dataset.source == "plugin":
        raise NotFound(f"The data set {dataset.id!r} is a plug-in's: it has no file. A job uses it as data.plugin.")
    return dataset


def kept_of(kind: str, info: TableInfo, dialect: dict[str, Any] | None, target: str | None) -> dict[str, Any]:
    """Return what is kept beside a table."""
    return {"format": kind, "info": info_json(info), "dialect": dialect, "suggested_target": target}
