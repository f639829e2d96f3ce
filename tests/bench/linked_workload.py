"""The bare workload of people of whom some have four ids: an account and three devices.

Whose event it is, is drawn as there; on which of the ids it falls is drawn evenly. Without
statements these ids are strangers to each other, and everything else is the same to the byte.
"""

from collections.abc import Iterator
from random import Random
from typing import Any, Final

from msgspec.structs import replace

from streams.kafka.partitioner import partition_of
from streams.recording.files import RecordedRecord, json_record
from tests.bench.workload import REFERENCE, Crowd, mixed
from tests.builders import NOW

ONE_IN: Final = 10
"""Of so many people one has several ids."""
DEVICES: Final = 3
LINKED: Final = 2
"""So many of the devices are linked to the account, the others are signed in to it."""


def of_several_ids(
    events: int, partitions: int, mix: dict[str, int] = REFERENCE, one_in: int = ONE_IN
) -> Iterator[RecordedRecord]:
    """So many events, nobody linked."""
    random = Random(11)
    for record in mixed(events, partitions, mix):
        account = (record.key or b"").decode()
        which = random.randint(0, DEVICES)
        if which and has_several(account, one_in):
            user_id = device(account, which)
            number = partition_of(user_id.encode(), partitions)
            yield replace(record, key_text=user_id, partition=number)
        else:
            yield record


def statements(partitions: int, one_in: int = ONE_IN) -> Iterator[RecordedRecord]:
    """What links the ids, before all events."""
    for number in range(Crowd().persons):
        account = f"u{number:06}"
        if has_several(account, one_in):
            for which in range(1, DEVICES + 1):
                action = "linked" if which <= LINKED else "signed_in"
                event_id = f"{account}-{which}"
                stated: dict[str, Any] = {"event_id": event_id, "ts": NOW - 1, "action": action}
                stated["person_id"] = account
                yield json_record("identities", device(account, which), stated, NOW - 1, partitions)


def has_several(account: str, one_in: int) -> bool:
    """Whether a person has devices besides the account."""
    return int(account[1:]) % one_in == 0


def device(account: str, which: int) -> str:
    """The id of one of a person's devices, counted from 1."""
    return f"{account}-{which}"
