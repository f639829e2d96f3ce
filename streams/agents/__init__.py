"""The task: it decodes records, calls the domain with them, and sends what the domain returns."""
