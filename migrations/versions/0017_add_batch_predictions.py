"""Keep batch predictions, and the pieces of their outputs."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0017"
down_revision = "0016"

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
TIME = sa.DateTime(timezone=True)
STATES = "'queued', 'running', 'succeeded', 'failed', 'cancelled'"


def upgrade() -> None:
    op.create_table(
        "batch_predictions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("checkpoint_id", sa.String(), nullable=False),
        sa.Column("checkpoint", JSON, nullable=False),
        sa.Column("model", JSON, nullable=True),
        sa.Column("weights_sha256", sa.String(), nullable=False),
        sa.Column("dataset_id", sa.String(), nullable=False),
        sa.Column("dataset_sha256", sa.String(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("warnings", JSON, nullable=False),
        sa.Column("total_rows", sa.BigInteger(), nullable=False),
        sa.Column("piece_rows", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("attempts_without_progress", sa.Integer(), nullable=False),
        sa.Column("beat", sa.BigInteger(), nullable=False),
        sa.Column("worker", sa.String(), nullable=True),
        sa.Column("not_before", TIME, nullable=False),
        sa.Column("cancel_requested_at", TIME, nullable=True),
        sa.Column("rows_done", sa.BigInteger(), nullable=False),
        sa.Column("predicted_s", sa.Double(), nullable=False),
        sa.Column("error", JSON, nullable=True),
        sa.Column("file", sa.String(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("started_at", TIME, nullable=True),
        sa.Column("finished_at", TIME, nullable=True),
        sa.CheckConstraint(f"state IN ({STATES})", name=op.f("ck_batch_predictions_state")),
        sa.CheckConstraint("format IN ('csv', 'parquet')", name=op.f("ck_batch_predictions_format")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch_predictions")),
    )
    for name, columns, condition in (
        ("queue", ["created_at", "id"], "state = 'queued'"),
        ("running", ["owner"], "state = 'running'"),
        ("checkpoint_id", ["checkpoint_id"], "finished_at IS NULL"),
        ("dataset_id", ["dataset_id"], "finished_at IS NULL"),
        ("owner_created_at", ["owner", "created_at", "id"], None),
        ("finished_at", ["finished_at"], None),
    ):
        where: dict[str, Any] = {}
        if condition:
            where = {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}
        op.create_index(f"ix_batch_predictions_{name}", "batch_predictions", columns, **where)
    op.create_table(
        "prediction_pieces",
        sa.Column("prediction_id", sa.String(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["prediction_id"],
            ["batch_predictions.id"],
            name=op.f("fk_prediction_pieces_prediction_id_batch_predictions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("prediction_id", "n", name=op.f("pk_prediction_pieces")),
    )


def downgrade() -> None:
    op.drop_table("prediction_pieces")
    op.drop_table("batch_predictions")
