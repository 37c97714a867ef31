"""Count the jobs that each worker brought to an end, in the row of the worker itself."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.add_column("workers", sa.Column("done", sa.Integer(), server_default="0", nullable=False))
    op.add_column("workers", sa.Column("failed", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("workers", "failed")
    op.drop_column("workers", "done")
