"""The lists of a deployment at hand, and decisions by them, for as long as the view is open."""

import logging
import threading
from collections.abc import Collection
from pathlib import Path
from time import monotonic
from typing import Final, Self

from confluent_kafka import KafkaException

from streams.agents.catalog_reader import CatalogReader
from streams.errors import UserError
from streams.kafka.partitioner import partition_of
from streams.kafka.registry.client import RegistryUnavailable
from streams.kafka.registry.schema_registry import SchemaRegistry, registry_of
from streams.policy_file import PolicyFile, log_change, log_refusal
from streams.settings import Settings
from streams.suppression.catalog import Catalog
from streams.suppression.policy_document import PolicyError
from streams.view.answers import Answers, Freshness, Known, NotCaughtUp, NotFollowed
from streams.view.copies import Copies
from streams.view.following import ListFollower

logger = logging.getLogger(__name__)

POLL_SECONDS: Final = 0.1
RETRY_SECONDS: Final = 1.0
POLICY_SECONDS: Final = 1.0
"""How often the policy's file is looked at."""
CATALOG_SECONDS: Final = 5
"""How long the catalog may be silent while it is read to its end."""


class View(Answers):
    """Follows lists, catalog and policy in a thread of its own. Any thread may ask.

    A context manager. It answers from memory, or from a folder, in which case it goes on where it
    was when it is opened again. It answers on while the brokers are away, and says how old its copy
    is; from the ages on that the policy names under `[stale]` it relies on the copy in one
    direction only (see `streams.suppression.standing`). That a worker stands still it does not see:
    then there are no newer lists, and it is level with those that there are.
    """

    def __init__(
        self,
        settings: Settings,
        folder: Path | None = None,
        partitions: Collection[int] | None = None,
    ) -> None:
        """`folder` keeps the copy; `partitions` are those to follow, all where it is None.

        Raises `PolicyError`; and `UserError` when the folder is in use, damaged or cannot be
        written, and when topics have schemas whose registry does not answer.
        """
        self._policy_file = PolicyFile(Path(settings.policy) if settings.policy else None)
        self._next_look = 0.0
        self.policy = self._policy_file.policy
        self._settings = settings
        self._wanted = None if partitions is None else frozenset(partitions)
        self.catalog = Catalog()
        self._copies = Copies(folder)
        self._registry = registry_of(settings)
        self._list_follower = ListFollower(settings, self._copies, self._registry)
        self._catalog_reader: CatalogReader | None = None
        self._caught_up = threading.Event()
        self._ending = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="unhaunt-view", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()
        self._copies.close()

    # -- what it answers

    @property
    def is_caught_up(self) -> bool:
        """Whether it has read everything to its end since it was opened, and still follows."""
        return self._caught_up.is_set() and self._failure is None

    @property
    def failure(self) -> Exception | None:
        """What has ended the view, which cannot go on; None while it follows."""
        return self._failure

    @property
    def held(self) -> int:
        """About how many lists it has."""
        return sum(copy.held for copy in [*self._copies.values()])

    @property
    def invalid(self) -> int:
        """How many records were no lists, and were left out."""
        return self._list_follower.invalid

    def wait_until_caught_up(self, seconds: float) -> None:
        """Raises `NotCaughtUp` when that takes longer, and what has ended the view."""
        self._caught_up.wait(seconds)
        self._require_caught_up()

    def person(self, user_id: str) -> Known:
        """The list of a person."""
        self._require_caught_up()
        key = user_id.encode()
        number = partition_of(key, self._list_follower.partitions)
        freshness = self._freshness(number)
        return Known((self._copies[number].get(key),), freshness)

    def freshness(self) -> list[Freshness]:
        """How fresh each partition is that has been level since the view was opened."""
        return [self._freshness(number) for number in sorted(self._list_follower.contacts)]

    def _freshness(self, number: int) -> Freshness:
        contact = self._list_follower.contacts.get(number)
        if contact is None:
            raise self._missing(number)
        age = monotonic() - contact.clock
        return Freshness(number, age, contact.level_at, self._copies[number].seen.newest)

    def _missing(self, number: int) -> Exception:
        if self._wanted is not None and number not in self._wanted:
            followed = ", ".join(map(str, sorted(self._wanted)))
            return NotFollowed(f"partition {number}: this view follows {followed}")
        return NotCaughtUp(f"partition {number} is being read")

    def _require_caught_up(self) -> None:
        if self._failure is not None:
            raise self._failure
        if not self._caught_up.is_set():
            raise NotCaughtUp("lists and catalog are being read")

    # -- what its thread does

    def _run(self) -> None:
        try:
            while not self._ending.is_set():
                self._look_at_the_policy()
                try:
                    self._follow()
                except KafkaException as error:
                    logger.warning("%s; trying again", error.args[0].str())
                    self._ending.wait(RETRY_SECONDS)
                except RegistryUnavailable as error:
                    logger.warning("%s It is tried again.", error)
                    self._ending.wait(RETRY_SECONDS)
            self._list_follower.close()
        except Exception as error:
            self._failure = error
            self._caught_up.set()
            if not isinstance(error, UserError):  # which a folder that cannot be written is
                logger.exception("the view has ended")
        finally:
            if self._catalog_reader is not None:
                self._catalog_reader.close()

    def _follow(self) -> None:
        if self._catalog_reader is None:
            self._catalog_reader = _loaded_catalog(self._settings, self.catalog, self._registry)
        self._list_follower.begin(self._wanted)
        while not self._ending.is_set():
            self._look_at_the_policy()
            self._list_follower.poll(POLL_SECONDS)
            self._catalog_reader.poll()
            if not self._caught_up.is_set() and self._list_follower.is_level:
                self._caught_up.set()

    def _look_at_the_policy(self) -> None:
        """Decide by what its file says now; where that is no policy, by the last that was."""
        if (now := monotonic()) < self._next_look:
            return
        self._next_look = now + POLICY_SECONDS
        try:
            policy = self._policy_file.look()
        except PolicyError as error:
            self.policies_refused += 1
            log_refusal(self.policy, error)
            return
        if policy is not None:
            log_change(self.policy, policy)
            self.policy = policy


def _loaded_catalog(
    settings: Settings, products: Catalog, registry: SchemaRegistry | None
) -> CatalogReader:
    """Raises `KafkaException` or `RegistryUnavailable` when these cannot be had."""
    reader = CatalogReader(settings, products, CATALOG_SECONDS, registry)
    try:
        reader.load()
    except (KafkaException, RegistryUnavailable):
        reader.close()
        raise
    return reader
