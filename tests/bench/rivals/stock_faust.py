"""The join as an ordinary Faust application: an agent for each topic, a `Table`, `topic.send`.

The same as Unhaunt's: the contract, the evidence, the default policy, what is kept of a person,
the decisions and the lists, state in RocksDB (rocksdict) with a changelog. It leaves out what
Faust does not do by itself: a merge of the topics by time, exactly once, the catalog, rerouting and
dead letters. Faust is told to do nothing that this needs not: no web server, no waiting for an
empty stream, no codecs and models but bytes; and to send large batches. Its default log level,
`warn`, costs more than `info`: it has a spinner, which takes each debug message as a sign of life.

Settings are those of a worker, `UNHAUNT_…`; output goes to topics of the application's own.
"""

import sys
from collections.abc import Awaitable, Callable
from typing import Any

import faust

from streams.kafka.topics import require
from streams.settings import Settings
from tests.bench.domain import decode_event
from tests.bench.rivals.person_join import (
    INPUTS,
    OUTPUTS,
    PersonJoin,
    output_topic,
    settings_of_rival,
)

Agent = Callable[[Any], Awaitable[None]]


def create_app(settings: Settings, partitions: int) -> faust.App:
    """The application, for topics with so many partitions."""
    app = faust.App(
        settings.application,
        broker=f"kafka://{settings.kafka.brokers}",
        store="rocksdb://",
        datadir=str(settings.folder),
        key_serializer="raw",
        value_serializer="raw",
        topic_partitions=partitions,
        topic_replication_factor=1,
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        producer_compression_type="lz4",
        producer_linger=0.05,
        producer_max_batch_size=262_144,
        stream_wait_empty=False,
        web_enabled=False,
    )
    persons = app.Table(
        "persons",
        partitions=partitions,
        key_type=bytes,
        value_type=bytes,
        options={"driver": "rocksdict"},
    )
    decisions, lists = (bytes_topic(app, output_topic(settings, name)) for name in OUTPUTS)
    join = PersonJoin()

    def agent(name: str) -> Agent:
        async def suppress(stream: Any) -> None:
            async for event in stream.events():
                message = event.message
                key = message.key
                decoded = decode_event(name, key, message.value, round(message.timestamp * 1000))
                outcome = join.apply(decoded, message.partition, persons.get(key))
                if outcome.decision is not None:
                    await decisions.send(key=key, value=outcome.decision)
                if outcome.is_changed:
                    if outcome.state is None:
                        persons.pop(key, None)
                    else:
                        persons[key] = outcome.state
                if outcome.is_published:
                    await lists.send(key=key, value=outcome.suppression_list)

        return suppress

    for name in INPUTS:
        app.agent(bytes_topic(app, settings.topic(name)), name=name)(agent(name))
    return app


def bytes_topic(app: faust.App, name: str) -> Any:
    """A topic of which neither keys nor values are converted."""
    return app.topic(name, key_type=bytes, value_type=bytes)


def main() -> None:
    """Run one worker until the process is told to stop."""
    settings = settings_of_rival()
    _, partitions = require(settings)
    settings.folder.mkdir(parents=True)
    app = create_app(settings, partitions)
    sys.argv[1:] = ["worker", "--without-web", "--loglevel", "info"]
    app.main()


if __name__ == "__main__":
    main()
