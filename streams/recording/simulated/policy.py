"""The policy that the built-in recording is made for."""

DEMO_POLICY = """\
version = "demo"

# Who bought a television needs no other.
[purchase.category."electronics.tv"]
scope = "category"
window_days = 365

# A pack lasts ten days; then ads may return for five.
[purchase.category."grocery.coffee"]
replenish_days = 10
open_days = 5

[frequency]
scope = "group"
max = 4
days = 5

[follow]
days = 14

[sensitive]
categories = ["health.intimate"]
min_sources = 2

# Five people in a hundred are not suppressed, to measure what suppression is worth.
[holdout]
percent = 5
"""
