"""The watcher's HTTP server: triggers, health and metrics."""
