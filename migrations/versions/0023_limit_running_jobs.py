"""Limit how many jobs of an owner run at once."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.add_column("owner_limits", sa.Column("running_jobs", sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("owner_limits") as table:
        table.drop_column("running_jobs")
