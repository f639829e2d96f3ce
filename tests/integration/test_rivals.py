"""What Unhaunt is measured against does the same work, or the ratios would mean nothing."""

from contextlib import closing
from importlib.util import find_spec

import orjson
import pytest

from streams.settings import Settings
from tests.bench.contenders import FAUST, KAFKA_STREAMS, QUIX, Contender
from tests.bench.draining import create_topics
from tests.bench.rivals.kafka_streams import program, project_folder
from tests.bench.workload import Crowd, mixed
from tests.integration.deployment import Deployment, read_topic
from tests.integration.recordings import expected
from tests.kafka.installation import KafkaUnavailable

PARTITIONS = 2

pytestmark = pytest.mark.kafka


@pytest.fixture(params=[FAUST.name, QUIX.name, KAFKA_STREAMS])
def rival(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Contender:
    """Each of the rivals that can be had here."""
    if request.param == FAUST.name:
        return FAUST
    if request.param == QUIX.name:
        if find_spec("quixstreams") is None:
            pytest.skip("quixstreams is not installed")
        return QUIX
    try:
        project_folder()
    except KafkaUnavailable as reason:
        pytest.skip(str(reason))
    return Contender(KAFKA_STREAMS, program(tmp_path_factory.mktemp("kafka-streams")))


def test_a_rival_answers_each_request_and_ends_with_the_same_lists(
    rival: Contender, settings: Settings
) -> None:
    records = list(mixed(1_000, PARTITIONS, crowd=Crowd(persons=100, products=20)))
    wanted = expected(records, "", PARTITIONS)
    requests = sum(map(len, wanted.decisions.values()))
    decisions, lists = rival.outputs(settings)
    with closing(Deployment(settings, PARTITIONS)) as deployment:
        deployment.load(records)
        create_topics(settings.kafka.brokers, [decisions, lists], PARTITIONS)
        with deployment.worker("a", rival.program) as worker:
            for topic, count in ((decisions, requests), (lists, len(records) - requests)):
                deployment.wait_until(
                    lambda topic=topic, count=count: (
                        len(read_topic(settings, topic, PARTITIONS)) == count
                    ),
                    f"{count} records on {topic}",
                    worker,
                )
    last = {m.key().decode(): m.value() for m in read_topic(settings, lists, PARTITIONS)}
    assert {user_id: orjson.loads(value) for user_id, value in last.items()} == wanted.lists
    answered = [orjson.loads(m.value()) for m in read_topic(settings, decisions, PARTITIONS)]
    asked = [
        decision["request_id"] for decided in wanted.decisions.values() for decision in decided
    ]
    assert sorted(decision["request_id"] for decision in answered) == sorted(asked)
