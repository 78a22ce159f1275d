"""The watcher: collects triggers, decides, starts runs and records the reasons."""
