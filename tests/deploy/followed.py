"""Doing what a page says: its own lines for a shell, with the names of a test's deployment."""

import shlex
import shutil
import subprocess
from collections.abc import Sequence
from itertools import pairwise

from schemas.topics import TOPICS
from streams.settings import Settings
from tests.command_line import run
from tests.deploy.tools import KAFKA_TOOLS, of_kafka
from tests.integration.recorded import environment_of
from tests.waiting import wait_until


def follow(lines: Sequence[str], settings: Settings, *changes: tuple[str, str]) -> None:
    """Run these lines, with the group and the topics of these settings, and with these changes.

    Variables that are exported count from then on, and starting a worker is left to the test.
    """
    environment = environment_of(settings)
    for line in lines:
        for old, new in changes:
            line = line.replace(old, new)
        words = shlex.split(line.replace("$UNHAUNT_BROKERS", settings.kafka.brokers))
        if words[0] == "export":
            environment.update(word.split("=", 1) for word in words[1:])
        elif words[0] == "unhaunt":
            result = run(*words[1:], **environment)
            assert result.exit_code == 0, (line, result.output)
        elif words[0] in KAFKA_TOOLS:
            run_tool(*_of_deployment(words, settings))
        elif words[0] == "rm":
            shutil.rmtree(words[-1])
        else:
            assert words[-2:] == ["unhaunt", "worker"], line


def _of_deployment(words: list[str], settings: Settings) -> list[str]:
    """The words with the names that group and topics have in this deployment."""
    names = {topic: settings.topic(topic) for topic in TOPICS}
    names |= {"unhaunt-persons-changelog": settings.changelog, "unhaunt-reroute": settings.reroute}
    names["unhaunt-shares"] = settings.shares
    renamed = words[:1]
    for option, word in pairwise(words):
        name, colon, partition = word.partition(":")
        if option == "--group" and word == "unhaunt":
            word = settings.application
        elif option == "--topic" and name in names:
            word = f"{names[name]}{colon}{partition}"
        renamed.append(word)
    return renamed


def run_tool(name: str, *arguments: str) -> str:
    """Run one of Kafka's own tools until it works: a group is empty when its sessions are over.

    Returns what it says.
    """
    output = ""

    def has_worked() -> bool:
        nonlocal output
        done = subprocess.run(
            [*of_kafka(name), *arguments], capture_output=True, text=True, check=False
        )
        output = done.stdout + done.stderr
        return done.returncode == 0 and "Error" not in output

    try:
        wait_until(has_worked, name)
    except TimeoutError as late:
        raise TimeoutError(output) from late
    return output
