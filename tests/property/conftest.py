"""How properties are tried."""

from hypothesis import settings

# How long an example takes says nothing on a machine that has other work as well.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
