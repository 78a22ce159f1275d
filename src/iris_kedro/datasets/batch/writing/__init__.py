"""The folder of scores, and the databases that they are copied to."""
