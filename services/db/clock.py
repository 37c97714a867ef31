"""The database's time inside a statement, so that no statement of its own has to ask for it."""

from typing import Any

from sqlalchemy import BindParameter, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement

from services.db.tables import UTCDateTime


class _Time(FunctionElement[Any]):
    """A time that is a number of seconds from the one at which the statement began."""

    name = "database_time"
    type = UTCDateTime()
    inherit_cache = True


def time_in(seconds: float | BindParameter[float]) -> _Time:
    """Return the database's time in so many seconds; before now if they are negative."""
    return _Time(seconds if isinstance(seconds, BindParameter) else literal(float(seconds)))


NOW = time_in(0)  #: the same in every column of one statement


@compiles(_Time, "sqlite")
def _sqlite(element: _Time, compiler: Any, **options: Any) -> str:
    # As SQLAlchemy writes times: with six digits, so that texts compare as times do.
    seconds = compiler.process(element.clauses, **options)
    return f"strftime('%Y-%m-%d %H:%M:%f000', 'now', {seconds} || ' seconds')"


@compiles(_Time, "postgresql")
def _postgresql(element: _Time, compiler: Any, **options: Any) -> str:
    return f"statement_timestamp() + make_interval(secs => {compiler.process(element.clauses, **options)})"
