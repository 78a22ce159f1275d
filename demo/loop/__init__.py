"""The whole loop on one machine, told on the terminal: ``make loop``."""
