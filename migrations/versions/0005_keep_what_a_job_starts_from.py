"""Keep which checkpoint a job starts from."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    with op.batch_alter_table("jobs") as table:
        table.add_column(sa.Column("init_checkpoint", sa.String(), nullable=True))
        table.add_column(sa.Column("initialised_from", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=True))
    op.create_index("ix_jobs_init_checkpoint", "jobs", ["init_checkpoint"])


def downgrade() -> None:
    op.drop_index("ix_jobs_init_checkpoint", "jobs")
    with op.batch_alter_table("jobs") as table:
        table.drop_column("initialised_from")
        table.drop_column("init_checkpoint")
