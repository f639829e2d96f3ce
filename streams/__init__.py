"""Unhaunt: a retargeting suppression stream processor."""

__version__ = "0.1.0"
