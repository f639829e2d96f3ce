"""What events of other formats say of a person's ids, as statements of SPEC 9.

Events are read for that where they lie on the topic `identities`, and there for nothing else; on
other topics beside the rest, if the setting says so. The leaf is the id of a device, such as a
cookie or an installation of an app; the hub is the id of whoever was known there.

Many an event names both ids without being about them. The setting says what that means: that the
person was signed in then, that the device is this one person's for good, or nothing.
"""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from schemas.adapters.records import NOTHING, Adapted, Record, present

TOPIC: Final = "identities"

SIGNED_IN: Final = "signed_in"
SIGNED_OUT: Final = "signed_out"
LINKED: Final = "linked"
EXPLICIT: Final = "explicit"
BOTH_NAMED: Final = (SIGNED_IN, LINKED, EXPLICIT)
"""What it may mean that an event names both ids; by `explicit` alone it means nothing."""

Action = Literal["signed_in", "signed_out", "linked"]


class Said(NamedTuple):
    """What an event says of ids."""

    action: Action | None
    """None for one that only names them."""
    devices: Sequence[str]
    """The ids by which it knows the device, the best first; one that is blank is none."""
    persons: Sequence[str]
    """The same of the person."""
    event_id: str | None = None
    ts: int | None = None
    """In epoch milliseconds."""
    beside: Sequence[str] = ()
    """Ids in the event that this says nothing of, but that may be the record's key."""


def statements(said: Sequence[Said], both_named: str, key: bytes | None = None) -> Adapted:
    """The statements that this comes to; `both_named` is one of `BOTH_NAMED`.

    Of several persons the record's key is meant, or else the first.
    """
    devices = [device for each in said for device in _known(each.devices)]
    persons = [person for each in said for person in _known(each.persons) if person not in devices]
    if key is not None:
        meant = key.decode(errors="replace")
        persons.sort(key=lambda person: person != meant)
    records: list[Record] = []
    for each in said:
        record = _statement(each, both_named, persons)
        if record is not None and record not in records:
            records.append(record)
    beside = [each for one in said for each in one.beside]
    return Adapted(devices, records, [*persons, *beside]) if records else NOTHING


def _statement(said: Said, both_named: str, persons: Sequence[str]) -> Record | None:
    """The statement; None where the event is about one id alone, or does not say enough."""
    action = said.action or both_named
    if not _known(said.devices) or action == EXPLICIT:
        return None
    event_id, person_id, method = said.event_id, None, None
    if action != SIGNED_OUT:
        person_id = next((each for each in persons if each in said.persons), None)
        if person_id is None:
            return None
    if action == LINKED:
        method = "declared"
        if said.action is None:  # however often it is seen, it is one fact
            event_id = f"{LINKED}#{person_id}"
    fields = present(event_id=event_id, ts=said.ts, person_id=person_id, method=method)
    return TOPIC, {"action": action, **fields}


def _known(ids: Sequence[str]) -> list[str]:
    return [each for each in ids if each.strip()]
