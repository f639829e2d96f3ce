"""What the charts of a report have in common: their axes and the colours of outcomes."""

from typing import Final

from streams.recording.report.drawing import Spec
from streams.recording.report.words import OUTCOME_WORDS

BARE: Final[Spec] = {"ticks": False, "domain": False}
"""An axis of names."""

OUTCOME_COLOURS: Final[Spec] = {
    "sort": None,
    "scale": {
        "domain": list(OUTCOME_WORDS.values()),
        "range": [f"var(--{outcome})" for outcome in OUTCOME_WORDS],
    },
}


def whole_numbers(lowest: int, highest: int, ticks: int) -> Spec:
    """An axis from a number to another with about so many ticks, all of them whole."""
    if highest - lowest < ticks:
        return {"format": ",d", "values": list(range(lowest, highest + 1))}
    return {"format": ",d", "tickCount": ticks}
