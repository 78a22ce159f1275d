"""The jobs of the watcher: one command at a time, which ends with the watcher."""
