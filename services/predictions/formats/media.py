"""The formats in which rows come and answers go, by their media types."""

from enum import StrEnum


class Media(StrEnum):
    """A format and its media type."""

    JSON = "application/json"
    CSV = "text/csv"
    PARQUET = "application/vnd.apache.parquet"
    ARROW = "application/vnd.apache.arrow.stream"
    NPY = "application/x-npy"


TABLES = (Media.CSV, Media.PARQUET, Media.ARROW, Media.NPY)
#: What to do with more rows than one request takes.
ELSEWHERE = "upload them as a data set and POST to /api/v1/predictions, or send them in parts."
