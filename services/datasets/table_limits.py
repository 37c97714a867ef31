"""How large a table may be. What a file says of itself is checked before it is unpacked; what it holds, as it comes."""

from dataclasses import dataclass

from services.errors import TooLarge
from services.settings import Settings


@dataclass(frozen=True)
class TableLimits:
    """The most rows, columns and bytes that a file may become, each a setting."""

    rows: int = Settings.max_table_rows
    columns: int = Settings.max_table_columns
    unpacked_bytes: int = Settings.max_unpacked_bytes

    @classmethod
    def of(cls, settings: Settings) -> "TableLimits":
        """Return the limits that the operator set."""
        return cls(settings.max_table_rows, settings.max_table_columns, settings.max_unpacked_bytes)

    def check_rows(self, rows: int) -> None:
        """Raises: TooLarge."""
        if rows > self.rows:
            raise _too_large("rows", self.rows, "BATCHYARD_MAX_TABLE_ROWS", limit_rows=self.rows)

    def check_columns(self, columns: int) -> None:
        """Raises: TooLarge."""
        if columns > self.columns:
            raise _too_large("columns", self.columns, "BATCHYARD_MAX_TABLE_COLUMNS", limit_columns=self.columns)

    def check_bytes(self, size: int) -> None:
        """Raises: TooLarge."""
        if size > self.unpacked_bytes:
            limit = self.unpacked_bytes
            raise _too_large("bytes when unpacked", limit, "BATCHYARD_MAX_UNPACKED_BYTES", limit_bytes=limit)

    def check_shape(self, rows: int, columns: int) -> None:
        """Check rows, columns, and the bytes of their float32 table.

        Raises: TooLarge.
        """
        self.check_rows(rows)
        self.check_columns(columns)
        self.check_bytes(rows * columns * 4)


def _too_large(what: str, limit: int, setting: str, **members: int) -> TooLarge:
    return TooLarge(f"The data set has more than {limit:,} {what} ({setting}).", setting=setting, **members)
