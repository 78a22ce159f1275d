"""The watcher: sees what asks for a training, decides, starts it and records why."""
