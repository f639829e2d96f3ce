"""The page on Kafka: the rights that it shows are those that are printed."""

from streams.settings import Settings
from tests.command_line import run
from tests.documents.pages import Page

KAFKA = Page("streams/kafka/README.md")


def test_the_acls_of_a_topic_are_printed_as_shown() -> None:
    [shown] = [block for block in KAFKA.blocks("console") if "unhaunt topics acls" in block]
    printed = run("topics", "acls", "--principal", "User:unhaunt").stdout.splitlines()
    assert shown.splitlines()[1:] == [line for line in printed if "purchases" in line]


def test_the_two_topics_of_the_processor_have_the_names_that_are_shown() -> None:
    settings = Settings()
    assert f"`{settings.changelog}`" in KAFKA.text
    assert f"`{settings.reroute}`" in KAFKA.text
