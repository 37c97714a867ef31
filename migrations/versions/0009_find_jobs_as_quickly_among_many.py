"""Find the next job, and a page of one status, as quickly among a million jobs as among a thousand."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

QUEUED = sa.text("state = 'queued'")
READY = sa.text("state = 'queued' AND not_before <= created_at")
WAITS = sa.text("state = 'queued' AND not_before > created_at")
URGENT = sa.text("priority DESC")


def upgrade() -> None:
    op.drop_index("ix_jobs_queue", "jobs")
    op.create_index(
        "ix_jobs_queue",
        "jobs",
        ["device", "owner", URGENT, "level", "created_at", "id"],
        sqlite_where=READY,
        postgresql_where=READY,
    )
    op.create_index("ix_jobs_waits", "jobs", ["device", "not_before"], sqlite_where=WAITS, postgresql_where=WAITS)
    op.drop_index("ix_jobs_owner_state", "jobs")
    op.create_index("ix_jobs_owner_state", "jobs", ["owner", "state", "created_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_jobs_owner_state", "jobs")
    op.create_index("ix_jobs_owner_state", "jobs", ["owner", "state", "created_at"])
    op.drop_index("ix_jobs_waits", "jobs")
    op.drop_index("ix_jobs_queue", "jobs")
    op.create_index(
        "ix_jobs_queue",
        "jobs",
        ["owner", "device", URGENT, "created_at", "id"],
        sqlite_where=QUEUED,
        postgresql_where=QUEUED,
    )
