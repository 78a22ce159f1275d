"""gunicorn's settings and workers, the follower's supervisor, and the health check."""
