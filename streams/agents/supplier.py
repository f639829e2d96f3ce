"""The tasks of a worker, and what they share: the policy, the catalog, schemas, counts."""

from collections.abc import Collection, Iterable, Mapping
from time import monotonic

from streams.agents.catalog_reader import CatalogReader
from streams.agents.context import context_of
from streams.agents.suppress import SuppressTask
from streams.dead_letters.limit import DeadLetterLimit
from streams.engine.task import Task, TaskContext, Waiting
from streams.kafka.group_consumer import Polled
from streams.kafka.registry.schema_registry import SchemaRegistry
from streams.settings import Settings
from streams.suppression.policy import Policy
from streams.suppression.stored import FORMAT, READABLE, due_of


class SuppressTasks:
    """Supplies an engine with `SuppressTask`s; an `engine.task.TaskSupplier`."""

    state_format = FORMAT
    readable_formats: Collection[int] = READABLE

    def __init__(
        self,
        settings: Settings,
        policy: Policy,
        streams: Mapping[str, str],
        catalog: CatalogReader,
        registry: SchemaRegistry | None = None,
    ) -> None:
        """`streams` are those that are read, by the names of their topics.

        `catalog` is loaded, and `registry` has the schemas of the topics whose values are framed.
        """
        self.policy = policy
        """What tasks are made with from now on."""
        self.catalog = catalog
        self._streams = streams
        self._registry = registry
        self._context = context_of(settings, catalog, registry)
        self.counts = self._context.counts
        self._limit = DeadLetterLimit(settings.dead_letter_percent, monotonic())

    def due_of(self, stored: bytes) -> int | None:
        """When a stored person is to be reviewed."""
        return due_of(stored)

    def create(self, context: TaskContext) -> SuppressTask:
        """Make the task of a partition group."""
        return SuppressTask(context, self._context, self.policy)

    async def ready(self, polled: Polled, waiting: Waiting) -> bool:
        """Load the schemas of all that was fetched, and bring the catalog up to date."""
        self.catalog.fetch()
        if self._registry is not None:
            unknown = self._registry.missing_schemas(
                polled.records, self._streams, self.catalog.fetched
            )
            if unknown:
                await waiting.begin()  # the registry may be away for longer than a transaction
            if not await self._registry.load_schemas(unknown, waiting.interrupted, waiting.beat):
                return False
        self.catalog.update()
        return True

    def committed(self) -> None:
        """Raise `TooManyDeadLetters` where too large a share of the records are dead letters."""
        self._limit.check(*self.counts.prepared, monotonic())

    def use(self, policy: Policy, tasks: Iterable[Task]) -> None:
        """Use another policy from here on. Call it only between two checkpoints of these tasks."""
        self.policy = policy
        for task in tasks:
            assert isinstance(task, SuppressTask), "they are of this supplier"
            task.use(policy)
