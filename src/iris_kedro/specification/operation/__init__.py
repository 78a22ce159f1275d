"""Parameters of everything after training: gate, canary, monitoring, watcher."""
