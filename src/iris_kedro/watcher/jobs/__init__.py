"""What the watcher starts: one command at a time, which ends with it."""
