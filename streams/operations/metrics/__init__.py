"""What a worker tells of itself in numbers: the catalogue, and its form for Prometheus."""
