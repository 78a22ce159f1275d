"""Production's partner: the canary, or Previous as a guard."""
