"""`unhaunt worker`."""

import os
from typing import Final

from streams.commands.policies import policy_in_force
from streams.settings import Settings

EXAMPLES: Final = (
    "Examples:\n\n"
    "  unhaunt worker\n\n"
    "  UNHAUNT_BROKERS=kafka-1:9092,kafka-2:9092 UNHAUNT_POLICY=policy.toml unhaunt worker"
)


def worker() -> None:
    """Run one worker: join what people did, decide on requests, keep the lists.

    Start as many as you like with the same UNHAUNT_APPLICATION, up to one for each partition:
    they share the work. The topics must be there (`unhaunt topics apply`). Settings come from the
    environment (`unhaunt settings` lists them). Ctrl-C or SIGTERM stops it in good order.
    """
    # Kafka and Faust take a while to import, which no other command should wait for.
    from streams.operations.topics import require  # noqa: PLC0415
    from streams.worker import run_worker  # noqa: PLC0415

    settings = Settings.from_environment(os.environ)
    policy, _ = policy_in_force(None)
    topics, partitions = require(settings)
    run_worker(settings, policy, topics, partitions)
