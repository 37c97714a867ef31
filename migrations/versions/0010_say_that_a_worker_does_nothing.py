"""Say that a worker does nothing although jobs wait for it."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("workers", sa.Column("fault", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("workers", "fault")
