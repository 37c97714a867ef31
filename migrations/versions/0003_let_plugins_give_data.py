"""Let a data set be a plug-in's."""

from alembic import op

revision = "0003"
down_revision = "0002"

BEFORE, AFTER = "'upload', 'inline', 'builtin'", "'upload', 'inline', 'builtin', 'plugin'"


def upgrade() -> None:
    _allow(AFTER, instead_of=BEFORE)


def downgrade() -> None:
    op.execute("DELETE FROM jobs WHERE dataset_id IN (SELECT id FROM datasets WHERE source = 'plugin')")
    op.execute("DELETE FROM datasets WHERE source = 'plugin'")
    _allow(BEFORE, instead_of=AFTER)


def _allow(sources: str, *, instead_of: str) -> None:
    bind = op.get_bind()
    if bind.dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_datasets_source"), "datasets")
        op.create_check_constraint(op.f("ck_datasets_source"), "datasets", f"source IN ({sources})")
        return
    # SQLite can't change a constraint, and Alembic's copy under another name would leave the jobs without their data
    # sets at the commit. Rows that come back into a table of the same name are those that the jobs refer to.
    statements = bind.exec_driver_sql("SELECT sql FROM sqlite_schema WHERE tbl_name = 'datasets' AND sql IS NOT NULL")
    table, *indexes = sorted((sql for (sql,) in statements), key=lambda sql: not sql.startswith("CREATE TABLE"))
    bind.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    bind.exec_driver_sql("CREATE TEMPORARY TABLE kept AS SELECT * FROM datasets")
    bind.exec_driver_sql("DROP TABLE datasets")
    bind.exec_driver_sql(table.replace(f"source IN ({instead_of})", f"source IN ({sources})"))
    bind.exec_driver_sql("INSERT INTO datasets SELECT * FROM kept")
    bind.exec_driver_sql("DROP TABLE kept")
    for index in indexes:
        bind.exec_driver_sql(index)
