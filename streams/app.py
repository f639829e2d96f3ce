"""The Faust application: which topics go in, what works on them, which come out.

identities ──┐
preferences ─┤
purchases ───┤                        ┌─> decisions      an answer to each request
dismissals ──┼─> aligned by time ─> suppress ─> suppressions   a list for each person
impressions ─┤   in each partition    ├─> dead-letters   what is not right
requests ────┤                        ├─> reroute ─┐     what lay in a wrong partition
reroute ─────┤ <──────────────────────┼───────────┘
shares ──────┘ <──────────────────────┘                  what ids of one person share
catalog ─────────> every worker       persons (RocksDB) <─> persons-changelog
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any

import faust

from streams.engine.faust_consumer import EngineTables, Transport
from streams.engine.loop import Engine
from streams.engine.process.instance_lock import InstanceLock
from streams.owner_only import make_folder_for_owner
from streams.settings import Settings

logger = logging.getLogger(__name__)

DAY_SECONDS = 86_400.0
HEARTBEAT_SECONDS = 1.0
"""It is by the answer to a heartbeat that a worker hears of another's death."""


class BootStrategy(faust.App.BootStrategy):  # type: ignore[misc]
    """Starts what a worker of this application needs: no web server, and no producer of Faust's."""

    enable_web = False

    def kafka_producer(self) -> list[Any]:
        """None: the engine has its own."""
        return []

    def sensors(self) -> list[Any]:
        """None: what they watch is the per-event path, which is not used."""
        return []


class Application(faust.App):  # type: ignore[misc]
    """A Faust app whose records are handled by the engine."""

    BootStrategy = BootStrategy
    engine: Engine
    """What Faust's consumer, its rebalances and its recovery call; set before the app starts."""
    fail: Callable[[BaseException], None]
    """Stops the worker because of an error, in order and with one message."""
    lock: InstanceLock
    """Held while the worker runs."""

    def _new_transport(self) -> Transport:
        return Transport(self.conf.broker_consumer, self)


def create_app(settings: Settings, topics: Iterable[str]) -> Application:
    """The application that is a member of the group and reads these topics for its engine."""
    make_folder_for_owner(settings.folder)  # Faust makes only the last folder
    app = Application(
        settings.application,
        broker=";".join(f"kafka://{each.strip()}" for each in settings.kafka.brokers.split(",")),
        datadir=str(settings.folder / "faust"),
        # What Faust would read from variables such as BROKER_URL, over what is said here.
        env_prefix="UNHAUNT_FAUST_",
        TableManager=EngineTables,
        # The assignor compares it with what it said before, so it has to outlive a restart.
        canonical_url=f"http://{settings.instance or 'worker'}",
        consumer_group_instance_id=settings.instance or None,
        consumer_auto_offset_reset="earliest",
        consumer_metadata_max_age_ms=60_000,
        broker_session_timeout=settings.session_seconds,
        broker_heartbeat_interval=HEARTBEAT_SECONDS,
        broker_request_timeout=max(30, settings.session_seconds),
        broker_rebalance_timeout=60,
        broker_max_poll_interval=DAY_SECONDS,
        broker_commit_interval=3_600.0,
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=settings.standbys,
        stream_wait_empty=False,
        stream_recovery_delay=0,
        web_enabled=False,
    )
    for name in topics:
        app.topics.add(app.topic(name, key_type=bytes, value_type=bytes, acks=False))
    _connect_rebalances(app)
    return app


def _connect_rebalances(app: Application) -> None:
    async def revoke(app: Application, *_: Any, **__: Any) -> None:
        try:
            await app.engine.revoke()
        except Exception as error:  # whatever it is, it stops the worker and is its last word
            app.fail(error)

    app.on_partitions_revoked.connect(revoke, weak=False)
    app.on_before_shutdown.connect(revoke, weak=False)
