"""Count the changes that predictions depend on."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

SLOTS = 64


def upgrade() -> None:
    table = op.create_table(
        "change_counters",
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("slot", name=op.f("pk_change_counters")),
    )
    op.bulk_insert(table, [{"slot": slot, "n": 0} for slot in range(SLOTS)])


def downgrade() -> None:
    op.drop_table("change_counters")
