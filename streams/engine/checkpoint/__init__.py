"""A checkpoint: when it is due, what it commits, and who ends an open one."""
