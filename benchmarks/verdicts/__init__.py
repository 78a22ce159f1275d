"""Simulates the verdicts of monitoring: false alarms and delays."""
