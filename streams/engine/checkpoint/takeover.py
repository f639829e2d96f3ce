"""Ending the transactions that dead workers have left open.

Until the broker gives it up, the open transaction of a dead worker holds back everybody who reads
committed records, and the offsets that its successor needs. Whoever takes over its partitions need
not wait for that: the next producer of a name ends the transaction of the one before (KIP-98).
"""

import logging
from collections.abc import Iterable

from confluent_kafka import KafkaException, Producer

from streams.kafka.clients import client_settings
from streams.kafka.group_members import group_of
from streams.kafka.offsets import committed
from streams.settings import Settings

logger = logging.getLogger(__name__)


def end_transactions_of_dead_workers(
    settings: Settings, partitions: Iterable[tuple[str, int]], own_name: str, seconds: float
) -> None:
    """End the transactions of those who last worked on these and are in the group no more.

    One that cannot be ended costs the time until the broker does it, and is logged. Raises
    `KafkaException` when the broker does not answer.
    """
    last = committed(settings, partitions, seconds, is_stable=False).values()
    names = {offset.committed_by for offset in last if offset.committed_by is not None}
    others = names - {own_name}
    if not others:
        return
    try:
        members = {member.client for member in group_of(settings, seconds).members}
        for name in sorted(others - members):
            producer = Producer({**client_settings(settings), "transactional.id": name})
            producer.init_transactions(seconds)
            logger.info("the last transaction of %s, which is gone, has been ended", name)
    except KafkaException as error:
        logger.warning("a transaction of %s may still be open: %s", sorted(others), error)
