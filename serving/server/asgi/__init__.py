"""Connects Flask to uvicorn: protocol limits and an ASGI-to-WSGI bridge."""
