"""What concerns the whole process: memory, garbage, work that must not be left alone."""
