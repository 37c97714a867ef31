"""Keep what an owner may have at most."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "owner_limits",
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("queued_jobs", sa.Integer(), nullable=True),
        sa.Column("submits_per_minute", sa.Integer(), nullable=True),
        sa.Column("stored_bytes", sa.BigInteger(), nullable=True),
        sa.Column("run_seconds_per_day", sa.BigInteger(), nullable=True),
        sa.Column("predict_rows", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("owner", name=op.f("pk_owner_limits")),
    )


def downgrade() -> None:
    op.drop_table("owner_limits")
