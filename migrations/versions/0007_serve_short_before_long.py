"""Keep how long each job has trained, and serve short jobs before long ones."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

QUEUED = sa.text("state = 'queued'")


def upgrade() -> None:
    with op.batch_alter_table("jobs") as table:
        table.add_column(sa.Column("served_s", sa.Double(), nullable=False, server_default="0"))
        table.add_column(sa.Column("level", sa.Integer(), nullable=False, server_default="0"))
    _queue("owner", "device", sa.text("priority DESC"), "level", "created_at", "id")


def downgrade() -> None:
    _queue("owner", "device", sa.text("priority DESC"), "created_at", "id")
    with op.batch_alter_table("jobs") as table:
        table.drop_column("level")
        table.drop_column("served_s")


def _queue(*columns: object) -> None:
    op.drop_index("ix_jobs_queue", "jobs")
    op.create_index("ix_jobs_queue", "jobs", list(columns), sqlite_where=QUEUED, postgresql_where=QUEUED)
