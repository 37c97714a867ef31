"""Tell what a job's result is worth, what was changed on its way, and how it differs from the job before."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column("jobs", sa.Column("baseline", JSON, nullable=True))
    op.add_column("jobs", sa.Column("diverged", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("jobs", sa.Column("adjustments", JSON, nullable=False, server_default="[]"))
    op.add_column("jobs", sa.Column("spec_diff", JSON, nullable=True))


def downgrade() -> None:
    for name in ("spec_diff", "adjustments", "diverged", "baseline"):
        op.drop_column("jobs", name)
