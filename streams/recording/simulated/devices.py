"""Simulated people with several ids: their devices, a tablet that two share, and sign-ins there.

Draws are of their own, so that a recording without them is the same as before there were any.
"""

import random
from collections.abc import Iterable, Iterator
from itertools import count

from streams.recording.simulated.happening import END, HOUR, MINUTE, SECOND, START, Happening

SITTING = 30 * MINUTE
"""Who does nothing for so long has put the device away, and may take up another one next."""

_LATE = 0.02


def households(seed: int, persons: int, percent: float) -> set[int]:
    """The numbers of the persons with several ids: two by two, since a household has one tablet."""
    rng = random.Random(f"{seed} households")
    chosen = [first for first in range(0, persons, 2) if rng.random() * 100 < percent]
    return {number for first in chosen for number in (first, first + 1) if number < persons}


def on_devices(
    happenings: Iterable[Happening], seed: int, number: int, user_id: str
) -> list[Happening]:
    """What happens to a person, on the devices where it does, and what is said of these."""
    return _Devices(seed, number, user_id).live(happenings)


class _Devices:
    """The devices of one person, who is known as `user_id` where they have signed in."""

    def __init__(self, seed: int, number: int, user_id: str) -> None:
        self._rng = random.Random(f"{seed} devices of {user_id}")
        self._user_id = user_id
        self._numbers = count(1)
        self._phone = f"{user_id}-phone"
        self._tablet = f"tablet-{number // 2:04}"
        self._devices = (f"{user_id}-laptop", self._phone, self._tablet)
        self._signed_in: set[str] = set()

    def live(self, happenings: Iterable[Happening]) -> list[Happening]:
        lived = list(self._known_to_the_shop())
        for sitting in _sittings(happenings):
            device = self._rng.choices(self._devices, (5, 4, 2))[0]
            lived += self._sign_in(device, _time(sitting[0]) - SECOND)
            lived += [
                _moved(happening, self._reported_of(happening, device)) for happening in sitting
            ]
            lived += self._sign_out(device, _time(sitting[-1]) + MINUTE)
        return [happening for happening in lived if START <= happening.arrival < END]

    def _known_to_the_shop(self) -> Iterator[Happening]:
        """Some phones are known by the app, and of some it is only probable whose they are."""
        methods = ("declared", "inferred", None)
        method = self._rng.choices(methods, (3, 2, 5))[0]
        if method is not None:
            said = {"action": "linked", "person_id": self._user_id, "method": method}
            yield self._said(self._phone, START, said)
        if method == "inferred" and self._chance(0.5):  # it was somebody else's after all
            taken_back = {"action": "unlinked", "person_id": self._user_id}
            yield self._said(self._phone, START + (END - START) // 2, taken_back)

    def _sign_in(self, device: str, at: int) -> Iterator[Happening]:
        """On the tablet nearly always, since somebody else may have been there."""
        if device in self._signed_in or not self._chance(0.9 if device == self._tablet else 0.4):
            return
        self._signed_in.add(device)
        yield self._said(device, at, {"action": "signed_in", "person_id": self._user_id})

    def _sign_out(self, device: str, at: int) -> Iterator[Happening]:
        """The tablet forgets who was there, whether they sign out or the next one signs in."""
        if device in self._signed_in and self._chance(0.5 if device == self._tablet else 0.05):
            self._signed_in.discard(device)
            yield self._said(device, at, {"action": "signed_out"})
        if device == self._tablet:
            self._signed_in.discard(device)

    def _reported_of(self, happening: Happening, device: str) -> str:
        """The shop's own servers know some orders by the account."""
        is_known = happening.topic == "purchases" and device in self._signed_in
        return self._user_id if is_known and self._chance(0.3) else device

    def _said(self, device: str, at: int, fields: dict[str, str]) -> Happening:
        late = self._rng.randint(5 * MINUTE, 6 * HOUR) if self._chance(_LATE) else 0
        event_id = f"s-{self._user_id}-{next(self._numbers)}"
        value = {"event_id": event_id, "user_id": device, "ts": at, **fields}
        return Happening("identities", device, at + late, value)

    def _chance(self, probability: float) -> bool:
        return self._rng.random() < probability


def _sittings(happenings: Iterable[Happening]) -> Iterator[list[Happening]]:
    """What happens without a long pause, in the order of time."""
    sitting: list[Happening] = []
    for happening in sorted(happenings, key=_time):
        if sitting and _time(happening) - _time(sitting[-1]) > SITTING:
            yield sitting
            sitting = []
        sitting.append(happening)
    if sitting:
        yield sitting


def _time(happening: Happening) -> int:
    """When it happened; where the value does not say, it arrived at once."""
    ts: int = (happening.value or {}).get("ts", happening.arrival)
    return ts


def _moved(happening: Happening, user_id: str) -> Happening:
    value = happening.value
    if value is not None and "user_id" in value:
        value = {**value, "user_id": user_id}
    return happening._replace(key=user_id, value=value)
