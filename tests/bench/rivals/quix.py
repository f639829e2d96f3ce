"""The join in Quix Streams: one `StreamingDataFrame` over the topics, with state.

The same as Unhaunt's: the contract, the evidence, the default policy, what is kept of a person,
the decisions and the lists, state in RocksDB (rocksdict) with a changelog, and a merge of the
topics by the time of their records, which Quix Streams does by itself. It leaves out exactly once,
the catalog, rerouting and dead letters. Each topic's own values are read before the topics meet,
and bytes go in and out of the state, since its own JSON would do that work twice.

Settings are those of a worker, `UNHAUNT_…`; output goes to topics of the application's own.
"""

from collections.abc import Callable
from functools import reduce
from typing import Any, NamedTuple

from quixstreams import Application, State, message_context
from quixstreams.dataframe import StreamingDataFrame
from quixstreams.models import SerializationContext, Serializer, Topic

from schemas.records import Event
from streams.settings import Settings
from tests.bench.domain import decode_event
from tests.bench.rivals.person_join import (
    INPUTS,
    OUTPUTS,
    PersonJoin,
    output_topic,
    settings_of_rival,
)

PERSON = "person"
FROM_BYTES = {"key_deserializer": "bytes", "value_deserializer": "bytes"}


class Output(NamedTuple):
    """A value and where it goes."""

    topic: Topic
    value: bytes | None


class OutputSerializer(Serializer):  # type: ignore[misc]
    """Takes the value out, so that one step may send to two topics without a branch.

    Where a data frame branches, each value is copied by pickle.
    """

    def __call__(self, value: Output, ctx: SerializationContext) -> bytes | None:
        """What is to be sent."""
        return value.value


def create_app(settings: Settings) -> Application:
    """The application with its one data frame."""
    app = Application(
        broker_address=settings.kafka.brokers,
        consumer_group=settings.application,
        auto_offset_reset="earliest",
        state_dir=settings.folder,
        producer_extra_config={"compression.type": "lz4", "linger.ms": 5},
        loglevel="WARNING",
    )
    inputs = {name: app.topic(settings.topic(name), **FROM_BYTES) for name in INPUTS}
    streams = (app.dataframe(inputs[name]).apply(decoder(name), metadata=True) for name in INPUTS)
    events = reduce(StreamingDataFrame.concat, streams)
    serializers = {"key_serializer": "bytes", "value_serializer": OutputSerializer()}
    decisions, lists = (app.topic(output_topic(settings, name), **serializers) for name in OUTPUTS)
    outputs = events.apply(suppress(decisions, lists), stateful=True, metadata=True, expand=True)
    outputs.to_topic(lambda output, *_: output.topic)
    return app


def decoder(name: str) -> Callable[[bytes, bytes, int, Any], Event]:
    """Reads the values of a topic, given by its default name."""

    def read(value: bytes, key: bytes, timestamp: int, _: Any) -> Event:
        return decode_event(name, key, value, timestamp)

    return read


def suppress(decisions: Topic, lists: Topic) -> Callable[..., list[Output]]:
    """The step that has the state: an event goes in, and what is to be sent comes out."""
    join = PersonJoin()

    def step(event: Event, _key: bytes, _timestamp: int, _: Any, state: State) -> list[Output]:
        outcome = join.apply(event, message_context().partition, state.get_bytes(PERSON))
        if outcome.is_changed:
            if outcome.state is None:
                state.delete(PERSON)
            else:
                state.set_bytes(PERSON, outcome.state)
        outputs = []
        if outcome.decision is not None:
            outputs.append(Output(decisions, outcome.decision))
        if outcome.is_published:
            outputs.append(Output(lists, outcome.suppression_list))
        return outputs

    return step


def main() -> None:
    """Run one worker until the process is told to stop."""
    settings = settings_of_rival()
    settings.folder.mkdir(parents=True)
    create_app(settings).run()


if __name__ == "__main__":
    main()
