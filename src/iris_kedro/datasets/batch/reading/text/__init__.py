"""Splits CSV and JSON lines at line ends, and reads the parts."""
