"""A run over a recording for one slice of the persons, as the messages that it sends."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Final

from streams.recording.backtest import Backtest
from streams.recording.clocks import Clocks
from streams.recording.files import output_line, read
from streams.recording.parallel.messages import Done, Found, HasRead, Line, Lines, Message, Run
from streams.recording.person_slice import PersonSlice
from streams.recording.sources import Progress

AT_ONCE: Final = 1_000
"""So many events or lines are in one message."""


def run_slice(
    run: Run[Found], persons: PersonSlice, progress: Progress
) -> Generator[Message[Found], Sequence[Clocks], None]:
    """Run for these persons; yields `HasRead`, `Lines` in their order, `Done`.

    `progress` is called with the number of bytes that were read, and after `HasRead` with the
    number of events that were applied.
    """
    backtest = Backtest(*run.policies, persons=persons, formats=run.formats)
    analysis = run.new_analysis()
    events = backtest.read(read(run.recordings, progress), analysis.scan)
    clocks = backtest.clocks() if persons.of > 1 else Clocks({})
    backtest.align((yield HasRead(events, clocks)))
    yield from _bundled(_decisions(run, backtest, analysis, progress))
    yield from _bundled(_lists(run, backtest, analysis))
    yield Done(analysis, backtest.counts)


def _decisions(
    run: Run[Found], backtest: Backtest, analysis: Found, progress: Progress
) -> Iterator[Line]:
    for number, step in enumerate(backtest.steps(), start=1):
        analysis.observe(step)
        if run.decisions and step.decisions[0] is not None:
            yield step.ordered.order_key, output_line(step.decisions[0])
        if number % AT_ONCE == 0:
            progress(AT_ONCE)


def _lists(run: Run[Found], backtest: Backtest, analysis: Found) -> Iterator[Line]:
    for number in range(0 if run.only_decisions else len(run.policies)):
        for partition, current in backtest.lists_by_partition(number):
            analysis.add_list(number, current)
            if run.lists:
                yield (partition, current.user_id), output_line(current)


def _bundled(lines: Iterable[Line]) -> Iterator[Lines]:
    """The lines in bundles: to send one at a time would cost more than it holds."""
    bundle: list[Line] = []
    for line in lines:
        if len(bundle) == AT_ONCE:
            yield Lines(bundle, is_last=False)
            bundle = []
        bundle.append(line)
    yield Lines(bundle, is_last=True)
