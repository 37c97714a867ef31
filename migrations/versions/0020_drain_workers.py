"""Let an operator drain a worker: it finishes what it runs and claims nothing more."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    # Named, so that SQLite can give it back; a worker of the old release leaves it alone.
    op.add_column("workers", sa.Column("drained", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    op.drop_column("workers", "drained")
