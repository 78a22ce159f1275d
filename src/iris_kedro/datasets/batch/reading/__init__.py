"""Files of rows: which there are, how they are cut into parts, and how to read one."""
