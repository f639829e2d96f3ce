"""Faust agents: they take a batch, call the domain, and hand over what it said."""
