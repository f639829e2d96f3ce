"""What concerns the whole process: memory, garbage, work that must run to its end."""
