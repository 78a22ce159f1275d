"""The watcher's own address: triggers come in, metrics go out."""
