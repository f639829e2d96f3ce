"""Recordings: written, read, imported from public data sets, and simulated (SPEC 8)."""
