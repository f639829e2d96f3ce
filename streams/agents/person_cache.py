"""The persons of one partition: those that are needed in memory, all of them on disk."""

import itertools
from collections import Counter
from collections.abc import Collection

from streams.engine.state.changes import Changes
from streams.engine.state.store import PERSON
from streams.suppression.join import Join
from streams.suppression.person import Person


class PersonCache:
    """Puts persons into the memory of a join before they are needed there, and evicts others."""

    def __init__(self, join: Join, changes: Changes, most: int, looked_up: Counter[str]) -> None:
        """`most` persons stay in memory, beside those still to be prepared."""
        self._join = join
        self._changes = changes
        self._most = most
        self._looked_up = looked_up

    def load(self, users: Collection[str]) -> None:
        """Have these persons in memory, as the newest of those kept there."""
        persons = self._join.persons
        missing = []
        for user_id in users:
            person = persons.pop(user_id, None)
            if person is None:
                missing.append(user_id)
            else:
                persons[user_id] = person
        self._looked_up["memory"] += len(users) - len(missing)
        if not missing:
            return
        stored = self._changes.get([key_of(user_id) for user_id in missing])
        nowhere = 0
        for user_id, data in zip(missing, stored, strict=True):
            if data is None:
                nowhere += 1
            else:
                persons[user_id] = Person.from_bytes(data)
        self._looked_up["disk"] += len(missing) - nowhere
        self._looked_up["nowhere"] += nowhere

    def evict(self) -> None:
        """Remove the oldest of those that are too many, unless they are still to be prepared."""
        persons = self._join.persons
        surplus = len(persons) - self._most
        for user_id in list(itertools.islice(persons, max(0, surplus))):
            if not self._join.is_pending(user_id):
                del persons[user_id]


def key_of(user_id: str) -> bytes:
    """The key of a person in the state."""
    return PERSON + user_id.encode()


def user_of(key: bytes) -> str:
    """The person of a key."""
    return key[len(PERSON) :].decode()
