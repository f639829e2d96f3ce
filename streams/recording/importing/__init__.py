"""Recordings made from public data sets."""
