"""Simulates what monitoring says of services: how often it is wrong, and how late."""
