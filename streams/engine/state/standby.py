"""Keeping the state of other workers' partitions warm, so that taking one over takes no time."""

import logging
import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack

from streams.engine.state.changelog import ChangelogReader, DueOf
from streams.engine.state.store import Store
from streams.settings import Settings

logger = logging.getLogger(__name__)

RETRY_SECONDS = 10
BROKER_SECONDS = 60


class Standby:
    """Follows the changelog of some partitions, into the folders that these would be worked on in.

    A standby that fails costs time when its partition is taken over, and nothing else: the restore
    then checks the state and completes it.
    """

    def __init__(
        self,
        settings: Settings,
        numbers: Iterable[int],
        open_store: Callable[[int], Store],
        due_of: DueOf,
        on_failure: Callable[[], None],
    ) -> None:
        """`due_of` reads when a person is due.

        `on_failure` is called, in another thread, whenever following had to begin anew.
        """
        self._settings = settings
        self._numbers = sorted(numbers)
        self._open_store = open_store
        self._due_of = due_of
        self._on_failure = on_failure
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="standby", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Return when the folders are free."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._follow()
            except Exception as error:  # whatever it is, it must not take the worker down
                logger.warning(
                    "the standby of partitions %s failed and is tried again in %d s: %s",
                    self._numbers,
                    RETRY_SECONDS,
                    error,
                )
                self._on_failure()
                self._stopped.wait(RETRY_SECONDS)

    def _follow(self) -> None:
        with ExitStack() as stack:
            stores = {n: stack.enter_context(self._open_store(n)) for n in self._numbers}
            changelog = ChangelogReader(self._settings, stores, self._due_of, BROKER_SECONDS)
            reader = stack.enter_context(changelog)
            while not self._stopped.is_set():
                reader.read()
