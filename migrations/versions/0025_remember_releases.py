"""Remember which releases have brought the schema up to date."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.create_table(
        "releases",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("head", sa.String(), nullable=False),
        sa.Column("migrated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_releases")),
    )


def downgrade() -> None:
    op.drop_table("releases")
