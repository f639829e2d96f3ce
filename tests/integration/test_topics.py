"""`unhaunt topics …` and what a worker requires, against a broker."""

import pytest
from confluent_kafka.admin import AdminClient, NewTopic
from typer.testing import Result

from schemas.topics import PERSON_TOPICS, TOPICS
from streams.errors import UserError
from streams.kafka.topics import deployed, existing, require
from streams.settings import Settings
from tests.command_line import run, words
from tests.kafka.clients import create_new

pytestmark = pytest.mark.kafka


def topics(settings: Settings, *arguments: object) -> Result:
    return run(
        "topics",
        *arguments,
        UNHAUNT_BROKERS=settings.kafka.brokers,
        UNHAUNT_APPLICATION=settings.application,
        UNHAUNT_TOPIC_PREFIX=settings.topic_prefix,
    )


def create(settings: Settings, partitions: int, *names: str, cleanup: str = "delete") -> None:
    client = AdminClient({"bootstrap.servers": settings.kafka.brokers})
    config = {"cleanup.policy": cleanup}
    create_new(client, *(NewTopic(name, partitions, 1, config=config) for name in names))


def test_apply_creates_every_topic_with_its_partitions_and_cleanup_policy(
    settings: Settings,
) -> None:
    assert topics(settings, "apply", "--partitions", 3).exit_code == 0
    assert existing(settings) == {
        **{settings.topic(name): 3 for name in TOPICS},
        settings.reroute: 3,
        settings.shares: 3,
        settings.changelog: 3,
    }
    assert topics(settings, "check").exit_code == 0
    assert "All topics are there" in topics(settings, "plan").stdout


def test_apply_twice_changes_nothing_the_second_time(settings: Settings) -> None:
    topics(settings, "apply", "--partitions", 3)
    result = topics(settings, "apply")
    assert result.exit_code == 0
    assert result.stdout == "All topics are there and as they must be.\n"


def test_plan_shows_what_is_missing_and_creates_none_of_it(settings: Settings) -> None:
    result = topics(settings, "plan", "--partitions", 5)
    assert result.exit_code == 0
    shown = words(result.stdout)
    assert f"{settings.topic('purchases')} 5 1 delete" in shown
    assert f"{settings.topic('catalog')} 5 1 compact optional" in shown
    assert f"{settings.changelog} 5 1 compact" in shown
    assert existing(settings) == {}


def test_new_topics_get_as_many_partitions_as_those_that_are_there(settings: Settings) -> None:
    create(settings, 2, settings.topic("purchases"))
    assert topics(settings, "apply").exit_code == 0
    assert set(existing(settings).values()) == {2}


def test_apply_refuses_other_partitions_and_creates_nothing(settings: Settings) -> None:
    create(settings, 2, settings.topic("purchases"))
    result = topics(settings, "apply", "--partitions", 4)
    assert result.exit_code == 1
    assert f"{settings.topic('purchases')}: has 2 partitions, expected 4" in result.stdout
    assert "replay the records" in result.stdout
    assert existing(settings) == {settings.topic("purchases"): 2}


def test_check_names_what_is_missing_but_not_what_is_optional(settings: Settings) -> None:
    required = [topic.name for topic in deployed(settings) if not topic.is_optional]
    create(settings, 2, *required[1:])
    result = topics(settings, "check")
    assert result.exit_code == 1
    assert f"{required[0]}: missing" in result.stdout
    assert settings.topic("catalog") not in result.stdout


def test_check_is_content_without_the_optional_topics(settings: Settings) -> None:
    for topic in deployed(settings):
        if not topic.is_optional:
            create(settings, 2, topic.name, cleanup=topic.cleanup)
    result = topics(settings, "check")
    assert result.exit_code == 0
    assert f"{settings.topic('catalog')}: not there" in result.stdout


def test_check_names_a_topic_whose_partitions_do_not_fit(settings: Settings) -> None:
    create(settings, 2, settings.topic("decisions"))
    create(settings, 3, *map(settings.topic, PERSON_TOPICS))
    topics(settings, "apply")
    result = topics(settings, "check")
    assert result.exit_code == 1
    assert f"{settings.topic('decisions')}: has 2 partitions, expected 3" in result.stdout


def test_the_catalog_may_have_another_number_of_partitions(settings: Settings) -> None:
    create(settings, 1, settings.topic("catalog"), cleanup="compact")
    topics(settings, "apply", "--partitions", 3)
    assert topics(settings, "check").exit_code == 0
    assert existing(settings)[settings.topic("catalog")] == 1


def test_a_wrong_cleanup_policy_is_named_and_left_as_it_is(settings: Settings) -> None:
    create(settings, 2, settings.topic("suppressions"), cleanup="delete")
    problem = f"{settings.topic('suppressions')}: cleanup.policy is delete, expected compact"
    for command in ("apply", "check", "apply"):
        result = topics(settings, command)
        assert result.exit_code == 1
        assert problem in result.stdout


def test_a_worker_requires_the_topics_and_learns_which_stream_each_is(settings: Settings) -> None:
    topics(settings, "apply", "--partitions", 3)
    streams, partitions = require(settings)
    assert partitions == 3
    assert streams == {
        **{settings.topic(name): name for name in PERSON_TOPICS},
        settings.reroute: "rerouted",
        settings.shares: "shares",
    }


def test_a_worker_does_not_read_an_optional_topic_that_is_not_there(settings: Settings) -> None:
    required = [topic.name for topic in deployed(settings) if not topic.is_optional]
    create(settings, 2, *required)
    streams, _ = require(settings)
    assert settings.topic("impressions") not in streams
    assert settings.topic("purchases") in streams


def test_a_worker_without_its_topics_says_which_and_what_creates_them(settings: Settings) -> None:
    create(settings, 2, settings.topic("purchases"))
    with pytest.raises(UserError, match="unhaunt topics apply") as caught:
        require(settings)
    assert settings.topic("dismissals") in str(caught.value)
    assert settings.topic("purchases") not in str(caught.value)


def test_a_worker_refuses_topics_whose_partitions_differ(settings: Settings) -> None:
    create(settings, 2, settings.topic("decisions"))
    create(settings, 3, *map(settings.topic, PERSON_TOPICS))
    topics(settings, "apply")
    missing = [t.name for t in deployed(settings) if t.name not in existing(settings)]
    create(settings, 3, *missing)
    with pytest.raises(UserError, match="same number of partitions"):
        require(settings)
