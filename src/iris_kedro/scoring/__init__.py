"""Scores rows of files and tables with a released model, in constant memory."""
