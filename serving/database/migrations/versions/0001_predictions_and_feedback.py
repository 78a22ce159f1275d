"""Create the tables of predictions and feedback."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "predictions",
        sa.Column("prediction_id", sa.String(40), primary_key=True),
        sa.Column("row_index", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("predicted_at", sa.Double, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("arm", sa.Text, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("route", sa.Text, nullable=False),
        sa.Column("features", sa.Text, nullable=False),
        sa.Column("prediction", sa.Text, nullable=False),
        sa.Column("probabilities", sa.Text, nullable=False),
        sa.Column("other_version", sa.Text),
        sa.Column("other_prediction", sa.Text),
        sa.Column("other_probabilities", sa.Text),
        sa.Column("seconds", sa.Double),
        sa.Column("other_seconds", sa.Double),
    )
    op.create_index("predictions_by_time", "predictions", ["model", "predicted_at"])
    has_failed = sa.text("other_version IS NOT NULL AND other_prediction IS NULL")
    op.create_index(
        "predictions_failed",
        "predictions",
        ["model", "predicted_at"],
        sqlite_where=has_failed,
        postgresql_where=has_failed,
    )
    op.create_table(
        "feedback",
        sa.Column("prediction_id", sa.String(40), primary_key=True),
        sa.Column("row_index", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("received_at", sa.Double, nullable=False),
    )
    op.create_index("feedback_by_time", "feedback", ["received_at"])


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("feedback")
    op.drop_table("predictions")
