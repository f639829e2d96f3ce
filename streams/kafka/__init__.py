"""One way to speak to Kafka: clients, security, administration, reading, partitioning, schemas."""
