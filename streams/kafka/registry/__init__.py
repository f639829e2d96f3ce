"""Schema registries: asking them, reading and writing framed values, registering."""
