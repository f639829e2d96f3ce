"""What the processes of a run are told, and the messages that they send."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

from streams.recording.analysis import Analysis
from streams.recording.backtest_counts import BacktestCounts
from streams.recording.clocks import Clocks
from streams.recording.sources import AnyPath
from streams.suppression.policy import Policy

Found = TypeVar("Found", bound=Analysis)

Line = tuple[tuple[Any, ...], bytes]
"""A line of output after what orders it among the lines of all processes."""


@dataclass(frozen=True, slots=True)
class Run(Generic[Found]):
    """What all processes are to do. `new_analysis` and what it makes can be pickled."""

    recordings: Sequence[AnyPath]
    policies: Sequence[Policy]
    new_analysis: Callable[[], Found]
    decisions: bool = False
    """Whether the decisions are wanted as lines."""
    lists: bool = False
    """Whether the final lists are wanted as lines."""
    only_decisions: bool = False
    """Whether the final lists need not even be made."""
    formats: Mapping[str, str] = field(default_factory=dict)
    """Of topics in another format than Unhaunt's own."""


class HasRead(NamedTuple):
    """The recording was read. The run goes on once it is sent the clocks of the other slices."""

    events: int
    clocks: Clocks


class Lines(NamedTuple):
    """Some lines: first of the decisions until the last of them, then of the lists."""

    lines: list[Line]
    is_last: bool


class Done(NamedTuple, Generic[Found]):
    """The last message."""

    analysis: Found
    counts: BacktestCounts


Message = HasRead | Lines | Done[Found]
