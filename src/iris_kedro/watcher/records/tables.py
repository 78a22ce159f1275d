"""The watcher's tables; a change needs a migration."""

from sqlalchemy import (
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()

# Reasons to train. A trigger waits until a decision uses it.
triggers = Table(
    "watcher_triggers",
    metadata,
    # The order of arrival: times may be equal, and clocks may be set back.
    Column("number", Integer, primary_key=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("model", Text, nullable=False),
    # Equal for the same observation, which is then stored only once.
    Column("key", String(200), nullable=False),
    Column("kind", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("received_at", Double, nullable=False),  # seconds since the epoch
    Column("decision_id", String(32), ForeignKey("watcher_decisions.id")),
    Index("watcher_triggers_by_key", "model", "key", unique=True),
    Index("watcher_triggers_by_decision", "decision_id"),
)

# Decisions, and the results of runs.
decisions = Table(
    "watcher_decisions",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("model", Text, nullable=False),
    Column("decided_at", Double, nullable=False),  # seconds since the epoch
    Column("action", Text, nullable=False),  # run, wait, skip or reset
    Column("rule", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("source_digest", Text),  # of the source data of a run
    # None while it runs.
    Column("outcome", Text),
    Column("finished_at", Double),
    Column("version", Text),
    Column("remark", Text),  # the gate's verdict, or the error
    Index("watcher_decisions_by_time", "model", "decided_at"),
)

# The active watcher of a model, and the job that it has started.
lease = Table(
    "watcher_lease",
    metadata,
    Column("model", String(255), primary_key=True),
    Column("generation", Integer, nullable=False),  # counts its owners
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started", Text, nullable=False),  # of that process
    Column("expires_at", Double, nullable=False),  # by the database's clock
    Column("job_host", Text),
    Column("job_pid", Integer),
    Column("job_started", Text),
)

# What the next round, or the next watcher, needs to know.
notes = Table(
    "watcher_notes",
    metadata,
    Column("model", String(255), primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("value", Text, nullable=False),
)

# The labels that the last training used; all others are new.
used_labels = Table(
    "watcher_labels",
    metadata,
    Column("model", String(255), primary_key=True),
    Column("prediction_id", String(64), primary_key=True),
    Column("row_index", Integer, primary_key=True),
    Column("label", Text, nullable=False),
)
