"""One way to speak to Kafka: clients, their security, administration, reading, placing, schemas."""
