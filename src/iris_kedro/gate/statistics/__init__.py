"""The statistics of the gate: intervals and tests for few rows."""
