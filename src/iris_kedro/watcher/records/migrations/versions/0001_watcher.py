"""Create the tables of the watcher."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "watcher_decisions",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.String(32), nullable=False, unique=True),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("decided_at", sa.Double, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("source_digest", sa.Text),
        sa.Column("outcome", sa.Text),
        sa.Column("finished_at", sa.Double),
        sa.Column("version", sa.Text),
        sa.Column("remark", sa.Text),
    )
    op.create_index(
        "watcher_decisions_by_time", "watcher_decisions", ["model", "decided_at"]
    )
    op.create_table(
        "watcher_triggers",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.String(32), nullable=False, unique=True),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("received_at", sa.Double, nullable=False),
        sa.Column("decision_id", sa.String(32), sa.ForeignKey("watcher_decisions.id")),
    )
    op.create_index(
        "watcher_triggers_by_key", "watcher_triggers", ["model", "key"], unique=True
    )
    op.create_index("watcher_triggers_by_decision", "watcher_triggers", ["decision_id"])
    op.create_table(
        "watcher_lease",
        sa.Column("model", sa.String(255), primary_key=True),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("started", sa.Text, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.Column("job_host", sa.Text),
        sa.Column("job_pid", sa.Integer),
        sa.Column("job_started", sa.Text),
    )
    op.create_table(
        "watcher_notes",
        sa.Column("model", sa.String(255), primary_key=True),
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "watcher_labels",
        sa.Column("model", sa.String(255), primary_key=True),
        sa.Column("prediction_id", sa.String(64), primary_key=True),
        sa.Column("row_index", sa.Integer, primary_key=True),
        sa.Column("label", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Drop the tables."""
    for name in ("triggers", "decisions", "lease", "notes", "labels"):
        op.drop_table(f"watcher_{name}")
