"""What can ask for a training; each looks for one thing."""
