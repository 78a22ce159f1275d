"""From connections to Flask and back, in the event loop of a worker."""
