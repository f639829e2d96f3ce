"""Health, metrics and traces of a worker, for those who watch it."""
