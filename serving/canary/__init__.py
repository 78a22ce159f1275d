"""The partner of Production: the canary, or Previous as a guard."""
