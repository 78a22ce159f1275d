"""gunicorn's settings and workers, the processes beside them, and the health check."""
