"""A run over a recording on several cores, and its results put together."""
