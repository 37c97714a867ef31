"""Keep how much of the machine the trainer of a job took over time."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.create_table(
        "job_usage",
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("interval_s", sa.Double(), nullable=False),
        sa.Column("samples", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_usage_job_id_jobs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_job_usage")),
    )


def downgrade() -> None:
    op.drop_table("job_usage")
