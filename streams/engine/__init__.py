"""What Faust lacks for this job: aligned batches, bulk state, checkpoints in one transaction."""
