"""Several workers of one machine as a unit: started, replaced and stopped together."""
