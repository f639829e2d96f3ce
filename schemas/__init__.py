"""The contract of every topic: record types, topic registry, decoding, JSON Schema and AsyncAPI."""
