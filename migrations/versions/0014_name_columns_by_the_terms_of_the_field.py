"""Name columns by the terms that the documents use: stop requests, trained time, notifications."""

from alembic import op

revision = "0014"
down_revision = "0013"

RENAMED = [
    ("jobs", "cancel_wished_at", "cancel_requested_at"),
    ("jobs", "pause_wished_at", "pause_requested_at"),
    ("jobs", "served_s", "trained_s"),
    ("jobs", "told_seq", "notified_seq"),
    ("owners", "last_served", "last_claim"),
]


def upgrade() -> None:
    for table, old, new in RENAMED:
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")
    op.drop_index("ix_jobs_untold", "jobs")
    _index("ix_jobs_unnotified", "notified_seq")


def downgrade() -> None:
    op.drop_index("ix_jobs_unnotified", "jobs")
    for table, old, new in RENAMED:
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {new} TO {old}")
    _index("ix_jobs_untold", "told_seq")


def _index(name: str, column: str) -> None:
    op.execute(f"CREATE INDEX {name} ON jobs (owner) WHERE events_seq > {column}")
