"""The metrics: what each is, and how it is exposed to Prometheus."""
