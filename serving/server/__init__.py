"""gunicorn's settings, worker and WSGI bridge, and the health check."""
