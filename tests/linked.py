"""People with several ids, in recordings and partitions, for tests of what these share (SPEC 9)."""

from collections.abc import Iterable
from typing import Any

import msgspec

from schemas.records import Event, Identity, Share
from schemas.topics import SHARES
from streams.kafka.partitioner import partition_of
from streams.recording.backtest import Backtest
from streams.suppression.policy import Policy
from tests.builders import NOW, line, recorded


def linked(user_id: str, person_id: str, ts: int = NOW, **fields: Any) -> Identity:
    """A statement that an id is for good one of a person's."""
    event_id = f"{user_id} is {person_id}"
    return Identity(
        event_id=event_id, user_id=user_id, ts=ts, action="linked", person_id=person_id, **fields
    )


def unlinked(user_id: str, person_id: str, ts: int = NOW) -> Identity:
    """A statement that it is not so."""
    return Identity(
        event_id=f"{user_id} is not {person_id}",
        user_id=user_id,
        ts=ts,
        action="unlinked",
        person_id=person_id,
    )


def ids_of(partitions: int, *names: str) -> list[str]:
    """An id for each name: the first one's is in partition 0, the next one's in 1, and so on."""
    return [
        next(
            user_id
            for user_id in (f"{name}-{n}" for n in range(1_000))
            if partition_of(user_id.encode(), partitions) == number % partitions
        )
        for number, name in enumerate(names)
    ]


def placed(*events: Event, partitions: int = 2) -> list[dict[str, Any]]:
    """Events as lines of a recording, each in its person's partition."""
    return [
        line(event, partition=partition_of(event.user_id.encode(), partitions)) for event in events
    ]


def shares_of(lines: Iterable[dict[str, Any]], partitions: int = 2) -> list[dict[str, Any]]:
    """What is shared for these lines, as lines of a recording."""
    run = Backtest(Policy.default())
    run.read(recorded(lines))
    return [
        share_line(step.event, partitions) for step in run.steps() if isinstance(step.event, Share)
    ]


def share_line(share: Share, partitions: int) -> dict[str, Any]:
    """A share as a line of a recording."""
    return {
        "topic": SHARES,
        "key": share.user_id,
        "timestamp": share.ts,
        "partition": partition_of(share.user_id.encode(), partitions),
        "value": msgspec.json.decode(msgspec.json.encode(share)),
    }
