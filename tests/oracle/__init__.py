"""A second, independent reading of the contract, for the property tests to compare with.

Slow and plain on purpose: for every request all evidence is read again from the beginning. It
shares no code with the product, so an error has to be made twice to go unnoticed.
"""

from tests.oracle.recompute import Outcome, run

__all__ = ["Outcome", "run"]
