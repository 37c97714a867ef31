"""Count the jobs that ended, so that metrics go on rising when retention deletes them."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

STATUSES = ("succeeded", "failed", "cancelled")
SLOTS = 8


def upgrade() -> None:
    table = op.create_table(
        "ended_jobs",
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("jobs", sa.BigInteger(), nullable=False),
        sa.Column("epochs", sa.BigInteger(), nullable=False),
        sa.Column("trained_s", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("status", "slot", name=op.f("pk_ended_jobs")),
    )
    rows = [(status, slot) for status in STATUSES for slot in range(SLOTS)]
    op.bulk_insert(
        table, [{"status": status, "slot": slot, "jobs": 0, "epochs": 0, "trained_s": 0.0} for status, slot in rows]
    )


def downgrade() -> None:
    op.drop_table("ended_jobs")
