"""The records that all watchers of a model share: triggers, decisions and the lease."""
