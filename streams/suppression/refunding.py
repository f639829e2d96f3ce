"""What came back of a person's orders in parts (SPEC 3)."""

from collections.abc import Mapping

from streams.suppression.evidence import LineKey, Refund


class Refunds:
    """How many of each order line came back, counted piece by piece."""

    def __init__(self, refunds: Mapping[tuple[str, str], Refund]) -> None:
        """`refunds` are facts by their event and product."""
        self._quantities: dict[LineKey, int] = {}
        self._counted: dict[tuple[str, str], Refund] = {}
        for key, refund in refunds.items():
            self.count(key, refund)

    def quantity(self, line: LineKey) -> int:
        """How many of a line came back."""
        return self._quantities.get(line, 0)

    def count(self, key: tuple[str, str], refund: Refund) -> set[LineKey]:
        """Count a fact, instead of what it was before; returns the lines that it changes."""
        changed = set()
        for fact, sign in ((self._counted.get(key), -1), (refund, 1)):
            if fact is not None:
                line = fact.order_id, key[1]
                self._quantities[line] = self.quantity(line) + sign * fact.quantity
                changed.add(line)
        self._counted[key] = refund
        return changed
