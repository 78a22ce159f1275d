"""What happens after training: gate, canary, monitoring, watcher."""
