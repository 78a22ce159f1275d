"""CSV and JSON lines: cut at line ends, and read from there."""
