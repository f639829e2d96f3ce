"""Parquet, for those who have it installed: what is read of it, and decisions and lists as it."""
