"""Bringing the state of assigned partitions up to what was committed, before they are worked on."""

import logging
import threading
from collections.abc import Mapping
from time import monotonic

from streams.engine.process.memory import trim_memory
from streams.engine.state.changelog import Applied, ChangelogReader
from streams.engine.state.progress import is_included
from streams.engine.state.store import Store
from streams.engine.telemetry.liveness import Liveness
from streams.kafka.errors import timed_out
from streams.settings import Settings

logger = logging.getLogger(__name__)

LOG_SECONDS = 5
"""How often a long restore logs its progress."""


class Interrupted(Exception):
    """The partitions were revoked before they were restored."""


class Restore:
    """One restore, which another thread may cancel."""

    def __init__(
        self, settings: Settings, seconds: float = 60, liveness: Liveness | None = None
    ) -> None:
        """`seconds` is how long to wait for a broker that does not answer.

        `liveness` hears of every step forward.
        """
        self._settings = settings
        self._timeout = seconds
        self._liveness = liveness or Liveness()
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Make a `run` in another thread end at the next occasion."""
        self._cancelled.set()

    def run(
        self,
        stores: Mapping[int, Store],
        committed: Mapping[int, Mapping[str, int]] | None = None,
    ) -> int:
        """Apply what the stores lack; returns how many records that was.

        `committed` are the offsets that were committed of each partition's streams. Only a state
        that includes them need not wait for a transaction that is still open: that of a worker
        which has died can commit no more offsets, and so nothing else (KIP-447).

        Raises `Interrupted` when it was cancelled, `KafkaException` when the changelog cannot be
        read, and `UserError` when it cannot complete a store.
        """
        if not stores:
            return 0
        began = monotonic()
        restored = 0
        with ChangelogReader(self._settings, stores, self._timeout) as reader:
            left = {n for n, store in stores.items() if store.changelog_offset < reader.ends[n]}
            log = ProgressLog(began)
            while left:
                if self._cancelled.is_set():
                    raise Interrupted
                applied = reader.read()
                restored += applied.records
                left -= self._completed(applied, reader, stores, committed or {})
                missing = sum(reader.ends[n] - stores[n].changelog_offset for n in left)
                self._liveness.restored += applied.records
                self._liveness.left = missing
                if reader.silence == 0:
                    self._liveness.beat()
                elif reader.silence > self._timeout:
                    raise timed_out("the changelog did not reach its end in time")
                log.update(restored, missing)
        if restored:
            log.finish(restored)
            trim_memory()
        return restored

    def _completed(
        self,
        applied: Applied,
        reader: ChangelogReader,
        stores: Mapping[int, Store],
        committed: Mapping[int, Mapping[str, int]],
    ) -> set[int]:
        return {
            number
            for number, store in stores.items()
            if store.changelog_offset >= reader.ends[number]
            or (
                number in applied.ended
                and number in committed
                and is_included(committed[number], store)
            )
        }


class ProgressLog:
    """Logs every few seconds how far a restore is, and at its end how long it took."""

    def __init__(self, began: float) -> None:
        self._began = began
        self._next = began + LOG_SECONDS

    def update(self, restored: int, left: int) -> None:
        """Log a line if it is time; `left` are offsets, not all of which are records."""
        now = monotonic()
        if now < self._next:
            return
        self._next = now + LOG_SECONDS
        rate = restored / (now - self._began)
        logger.info(
            "restoring: %d records done, at most %d left, %.0f a second, %s left",
            restored,
            left,
            rate,
            f"{left / rate:.0f} s" if rate else "unknown time",
        )

    def finish(self, restored: int) -> None:
        """Log what it came to."""
        seconds = max(monotonic() - self._began, 0.001)
        logger.info(
            "restored %d records in %.1f s, %.0f a second", restored, seconds, restored / seconds
        )
