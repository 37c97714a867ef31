"""Runs the migrations over the connection that `services.db.schema.migrate` hands over."""

from alembic import context

from services.db.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    # SQLite can't alter a table: Alembic copies it instead.
    render_as_batch=True,
    transactional_ddl=True,
)
# The caller's transaction is the only one, so a failed migration leaves nothing behind.
context.run_migrations()
