"""What a spec says of its data, as a data set: found or stored before the submit, given its row in its transaction."""

from collections.abc import Callable
from dataclasses import replace

from sqlalchemy.orm import Session

from services import ids
from services.accounts.shares import Kind, Shares
from services.columns import TableInfo
from services.datasets import builtin_tables, dataset_rows, inline_tables
from services.datasets.dataset_views import DatasetView, Entry, view_of
from services.datasets.datasets import DatasetService, kept_of, with_files
from services.datasets.storage import ORIGINAL, TABLE
from services.errors import Fault, InvalidRequest, NotFound
from services.specs.resolve.source_faults import inline_faults, plugin_faults
from services.specs.schema.data import Data, PluginData
from services.training_errors import PluginError

#: Looks at a plug-in's Dataset: its columns and its SHA-256. Raises: PluginError.
Look = Callable[[PluginData], tuple[TableInfo, str]]


class DataSources:
    """The four sources of rows: uploads, sample tables, plug-ins and rows inside the request."""

    def __init__(self, datasets: DatasetService, shares: Shares, look: Look) -> None:
        self.datasets = datasets
        self.shares = shares
        self.storage = datasets.storage
        self.look = look

    def find(self, session: Session, data: Data, owner: str) -> DatasetView:
        """Return the data set that a spec names, its files stored; `keep` gives it a row if it has none.

        Files are stored before the session asks for anything, so that no connection waits for a disk.
        Raises: InvalidRequest with every fault of the rows, or when there is not exactly one source.
        """
        faults = inline_faults(data)
        if faults:
            raise InvalidRequest(faults)
        if data.dataset is not None:
            return self._named(session, data.dataset, owner)
        if data.builtin is not None:
            return self._builtin(session, data.builtin, owner)
        if data.plugin is not None:
            return self._plugin(session, data.plugin, owner)
        return self._inline(session, data, owner)

    def keep(self, session: Session, dataset: DatasetView) -> DatasetView:
        """Give a data set its row inside the submit's transaction, unless the owner has one of the same bytes.

        Its bytes are locked, by `dataset_rows.lock` or with the Idempotency-Key.

        Raises: InvalidRequest when an upload was deleted meanwhile, NotReady when a sweep took the files.
        """
        if dataset.created_at is not None:
            if dataset_rows.is_there(session, dataset.id):
                return dataset
            if dataset.source == "upload":
                raise InvalidRequest([Fault("#/data/dataset", "unknown_dataset", "was deleted just now", dataset.name)])
            dataset = replace(dataset, id=ids.new("ds"), created_at=None)  # its last job was deleted just now
        if dataset.source != "plugin":
            self.datasets.check_files(dataset)
        if dataset_rows.add_unless_known(session, dataset):
            return dataset
        known = dataset_rows.by_bytes(session, dataset.owner, dataset.sha256, dataset.source)
        assert known is not None, "it is what kept the row from being added"
        return known

    def _named(self, session: Session, id_or_name: str, owner: str) -> DatasetView:
        if lender := self.shares.lender(owner, Kind.DATASET, id_or_name):
            # A row of the reader's own for the same bytes: the job goes on, whatever becomes of the share.
            lent = with_files(dataset_rows.named(session, lender, id_or_name))
            self.storage.touch(lent.sha256)  # its lender may delete it before the new row stands
            return replace(lent, id=ids.new("ds"), owner=owner, created_at=None)
        try:
            return with_files(dataset_rows.named(session, owner, id_or_name))
        except NotFound as error:
            near = error.members.get("suggestion")
            detail = f"is {id_or_name[:80]!r}; there is no data set with this name or id"
            fault = Fault("#/data/dataset", "unknown_dataset", detail, id_or_name[:80], near)
            raise InvalidRequest([fault]) from error

    def _builtin(self, session: Session, name: str, owner: str) -> DatasetView:
        sha256 = builtin_tables.sha256(name)
        kept = self.storage.intact_info(sha256)
        if kept is None:
            with self.storage.draft() as draft:
                (draft / ORIGINAL).write_bytes(builtin_tables.path(name).read_bytes())
                kept = self.datasets.stored(draft, sha256, name)
        if known := dataset_rows.by_bytes(session, owner, sha256, "builtin"):
            return known
        kept = kept | {"suggested_target": builtin_tables.TARGETS[name]}
        size = builtin_tables.path(name).stat().st_size
        return view_of(kept, Entry(owner, name, "builtin"), size_bytes=size, sha256=sha256)

    def _inline(self, session: Session, data: Data, owner: str) -> DatasetView:
        original = inline_tables.canonical(data)
        sha256 = inline_tables.digest(original)
        kept = self.storage.intact_info(sha256)
        if kept is None:
            info, table = inline_tables.tabulate(data)
            kept = kept_of("inline", info, None, None)
            with self.storage.draft() as draft:
                (draft / ORIGINAL).write_bytes(original)
                (draft / TABLE).write_bytes(table.tobytes())
                kept = self.storage.keep(draft, sha256, kept)
        if known := dataset_rows.by_bytes(session, owner, sha256, "inline"):
            return known
        return view_of(kept, Entry(owner, "inline", "inline"), size_bytes=len(original), sha256=sha256)

    def _plugin(self, session: Session, plugin: PluginData, owner: str) -> DatasetView:
        faults = plugin_faults("#/data/plugin/name", plugin.name, self.datasets.settings.allowed_plugins)
        if faults:
            raise InvalidRequest(faults)
        try:
            info, sha256 = self.look(plugin)
        except PluginError as error:
            raise InvalidRequest([Fault("#/data/plugin", "plugin_error", error.detail)]) from error
        if known := dataset_rows.by_bytes(session, owner, sha256, "plugin"):
            return replace(known, info=info)
        kept = kept_of("plugin", info, None, None)
        return view_of(kept, Entry(owner, plugin.name, "plugin"), size_bytes=0, sha256=sha256)
