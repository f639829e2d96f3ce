"""Everything that a report counts while its recording is decided."""

from typing import Any, Self

from schemas.outputs import SuppressionList
from schemas.records import Event, Identity, Request, Share, events_of
from streams.recording.report.ads import ads_of
from streams.recording.report.effect import Effect
from streams.recording.report.following import Following
from streams.recording.report.history import History
from streams.recording.report.holdout import Holdout
from streams.recording.report.input_problems import InputProblems
from streams.recording.report.list_changes import ListChanges
from streams.recording.report.part import Part
from streams.recording.report.sharing import Sharing
from streams.recording.report.stopping import Stopping
from streams.recording.step import Step
from streams.suppression.policy import Policy
from streams.suppression.product_ids import ProductIds


class ReportAnalysis:
    """Counts for a report; the policy is that of number 0 (see `streams.recording.analysis`)."""

    def __init__(self, policy: Policy) -> None:
        self.first: int | None = None
        """The oldest event time; None without events."""
        self.last: int | None = None
        """The newest event time; None without events."""
        self.persons = 0
        self._persons: set[str] = set()
        self._history = History()
        self.following = Following()
        self.stopping = Stopping()
        self.effect = Effect(self._history, policy)
        self.lists = ListChanges()
        self.holdout = Holdout(policy)
        self.sharing = Sharing()
        self.inputs = InputProblems()
        self.product_ids = ProductIds()

    def scan(self, event: Event) -> None:
        """Note a valid event before any is applied."""
        ts = event.ts
        self.first = ts if self.first is None else min(ts, self.first)
        self.last = ts if self.last is None else max(ts, self.last)
        self._persons.add(event.user_id)
        self.persons = len(self._persons)
        self._history.scan(event)
        self.stopping.scan(event)
        self.holdout.scan(event)

    def observe(self, step: Step) -> None:
        """Note the events of a record that was just applied, or what was shared."""
        if isinstance(step.event, Share):
            is_recorded = step.event is step.ordered.event
            self.sharing.share(step.event, step.clock, is_recorded=is_recorded)
            self.lists.observe(step.event.user_id, step.clock, step.joins[0])
        for event in events_of(step.event):
            self._observe(event, step)

    def _observe(self, event: Event, step: Step) -> None:
        decision, join = step.decisions[0], step.joins[0]
        self.inputs.observe(event, step.clock)
        if join.catalog.products:
            self.product_ids.count(event, join.catalog)
        if isinstance(event, Request) and decision is not None:
            ads = list(ads_of(event, decision, self._history, join.catalog))
            self.following.count(event, ads)
            self.stopping.count(event, ads)
            self.effect.count(event, ads)
            self.holdout.count(event, ads)
            self.sharing.count(event, ads, join)
        else:
            if isinstance(event, Identity):
                self.sharing.state(event)
            self.effect.observe(event)
            self.lists.observe(event.user_id, step.clock, join)

    def add_list(self, number: int, current: SuppressionList) -> None:
        """Nothing is counted here: `lists` has counted every change of a list."""

    def merge(self, other: Self) -> None:
        """Add the counts of other people."""
        firsts = [first for first in (self.first, other.first) if first is not None]
        lasts = [last for last in (self.last, other.last) if last is not None]
        self.first, self.last = min(firsts, default=None), max(lasts, default=None)
        self.persons += other.persons
        self.product_ids.merge(other.product_ids)
        for name, part in other.parts():
            getattr(self, name).merge(part)

    def parts(self) -> list[tuple[str, Part]]:
        """The parts that count, by name."""
        return [(name, part) for name, part in vars(self).items() if isinstance(part, Part)]

    def __getstate__(self) -> dict[str, Any]:
        """What was counted: what was remembered of persons stays behind."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}
