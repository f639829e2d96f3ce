"""Recording topics of a cluster, so that it can be gone on with wherever it was interrupted."""

from collections import Counter
from collections.abc import Callable
from time import monotonic
from typing import Any, Final

from streams.errors import UserError
from streams.recording.files import UNNUMBERED, RecordedRecord, record_of
from streams.recording.live.bounds import begin, go_on
from streams.recording.live.merged_reading import MergedReading
from streams.recording.live.progress import Progress
from streams.recording.live.resumable import ResumableFile
from streams.recording.live.wanted import Wanted
from streams.settings import Settings

SAVE_SECONDS: Final = 5.0
"""So often, and with each frame, what has been recorded is saved."""


class Recorder:
    """One run, into an open file: the whole recording, or what is left of it."""

    def __init__(self, settings: Settings, wanted: Wanted, file: ResumableFile) -> None:
        """Raises `UserError` when what is wanted, or is left of it, is not on the cluster."""
        self._settings = settings
        self._file = file
        self.goes_on = file.progress is not None
        """Whether an earlier run has begun it."""
        if file.progress is None:
            self.progress = begin(settings, wanted)
        else:
            if file.progress.wanted != wanted:
                raise UserError(
                    f"{file.path}: was begun with other options. Give the same again to go on with "
                    f"it, or remove {file.part} and {file.progress_file} to begin anew."
                )
            self.progress = go_on(settings, file.progress)
        self._names = {settings.topic(name): name for name in self.progress.topic_ids}
        self.written = Counter(self.progress.written)
        """Records by topic, those of earlier runs included."""

    @property
    def offsets(self) -> int:
        """How many offsets are still to be passed; a continuous recording goes on behind them."""
        return sum(max(0, each.end - each.position) for each in self.progress.positions)

    def run(self, advance: Callable[[int], object], stop: Callable[[], bool]) -> bool:
        """Record until the end is reached or `stop` says so; returns whether it is finished.

        `advance` is called with how many offsets were passed. A continuous recording is finished
        whenever it is stopped. Raises `KafkaException`, `UserError` and `SourceError`.
        """
        is_continuous = self.progress.wanted.is_continuous
        with MergedReading(
            self._settings, self.progress.positions, self._is_wanted, goes_on=is_continuous
        ) as reading:
            saved, passed = monotonic(), 0
            while not stop() and (is_continuous or not reading.is_at_end):
                fetched = reading.fetch()
                advance(fetched)
                passed += fetched
                for message in reading.ready():
                    record = self._recorded(message)
                    self.written[record.topic] += 1
                    if self._file.write(record):
                        self._file.save(self._reached(reading))
                if passed and monotonic() - saved > SAVE_SECONDS:
                    self._file.save(self._reached(reading))
                    saved, passed = monotonic(), 0
            is_finished = is_continuous or reading.is_at_end
            end = self._file.finish if is_finished else self._file.save
            end(self._reached(reading))
        return is_finished

    def _reached(self, reading: MergedReading) -> Progress:
        return Progress(
            wanted=self.progress.wanted,
            topic_ids=self.progress.topic_ids,
            positions=reading.reached(),
            written=dict(self.written),
        )

    def _is_wanted(self, topic: str, message: Any) -> bool:
        return self.progress.wanted.includes(
            topic, message.key(), message.value(), message.timestamp()[1]
        )

    def _recorded(self, message: Any) -> RecordedRecord:
        return record_of(
            self._names[message.topic()],
            message.key(),
            message.value(),
            message.timestamp()[1],
            partition=message.partition(),
            offset=message.offset() if self.progress.wanted.has_offsets else UNNUMBERED,
            headers=message.headers() or (),
        )
