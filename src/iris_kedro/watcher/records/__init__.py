"""What the watchers of a model share: triggers, decisions, and who of them acts."""
