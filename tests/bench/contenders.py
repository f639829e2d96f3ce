"""Who is measured side by side: Unhaunt, and the same join in other stream processors."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple

from streams.settings import Settings
from streams.supervision.worker_process import PROGRAM
from tests.bench.note import note
from tests.bench.rivals.kafka_streams import program as kafka_streams_program
from tests.bench.rivals.person_join import OUTPUTS, output_topic
from tests.kafka.installation import KafkaUnavailable


class Contender(NamedTuple):
    """Who drains a backlog."""

    name: str
    program: Sequence[str] = PROGRAM
    """What Python is given to run a process of it."""
    processes: int = 1
    share: float = 1.0
    """How much of the backlog it gets, from its newest end."""

    @property
    def is_rival(self) -> bool:
        """Whether it is not Unhaunt, and so has output topics of its own."""
        return self.program != PROGRAM

    def outputs(self, settings: Settings) -> list[str]:
        """The names of its output topics: decisions, then lists."""
        if self.is_rival:
            return [output_topic(settings, stream) for stream in OUTPUTS]
        return [settings.topic(stream) for stream in OUTPUTS]


UNHAUNT: Final = Contender("one worker")
TWO: Final = Contender("two workers", processes=2)
FAUST: Final = Contender("stock Faust", ("-m", "tests.bench.rivals.stock_faust"), share=0.1)
QUIX: Final = Contender("Quix Streams", ("-m", "tests.bench.rivals.quix"))
KAFKA_STREAMS: Final = "Kafka Streams"


def quix() -> list[Contender]:
    """Quix Streams, where it is installed."""
    if find_spec("quixstreams") is not None:
        return [QUIX]
    note("Quix Streams is left out; python -m pip install -e '.[bench]' brings it")
    return []


def kafka_streams(run: Path) -> list[Contender]:
    """Kafka Streams, where its worker is at hand; it is built in the folder of this run."""
    try:
        return [Contender(KAFKA_STREAMS, kafka_streams_program(run))]
    except KafkaUnavailable as reason:
        note(f"{KAFKA_STREAMS} is left out: {reason}")
        return []
