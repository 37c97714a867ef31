"""Keep how long each job has trained, and serve short jobs before long ones."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    with op.batch_alter_table("jobs") as table:
        table.add_column(sa.Column("served_s", sa.Double(), nullable=False, server_default="0"))
        table.add_column(sa.Column("level", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("queued_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE jobs SET queued_at = not_before")


def downgrade() -> None:
    with op.batch_alter_table("jobs") as table:
        table.drop_column("queued_at")
        table.drop_column("level")
        table.drop_column("served_s")
