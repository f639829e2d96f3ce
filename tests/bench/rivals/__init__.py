"""The same join in other stream processors, to measure Unhaunt's engine against theirs."""
