"""Models: their files, their code, and the registry."""
