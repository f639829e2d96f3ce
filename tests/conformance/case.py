"""A case: what happened to somebody, what is asked, and what the domain makes of it."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import msgspec
import orjson

from schemas.records import Event, Product, Request
from streams.suppression.policy import Policy
from tests import builders

OF_A_VIEW: Final = (
    "version",
    "follow",
    "quiet",
    "sensitive",
    "inferred",
    "consent",
    "price_drop",
    "own_site",
    "holdout",
    "stale",
)
"""What a view has to know of a policy; the rest is for workers."""


class Id(NamedTuple):
    """An id of the person, and what happened to it; without that there is no list."""

    events: tuple[Event, ...] = ()
    age: float = 0
    user_id: str = "cookie-7"


class Case(NamedTuple):
    """One idea, said by its name."""

    name: str
    request: Request
    events: tuple[Event, ...] = ()
    policy: Mapping[str, Any] = {}
    catalog: Mapping[str, Mapping[str, Any]] = {}
    age: float = 0
    """Seconds since the copy of the list was last known to be level."""
    held_by: Mapping[str, Any] | None = None
    """The tables of another policy, by which the list was made."""
    others: tuple[Id, ...] = ()
    """The ids that the person is asked for by beside the request's."""

    @property
    def known(self) -> Any:
        """The catalog."""
        return builders.catalog(**self.catalog)

    @property
    def rules(self) -> Policy:
        """The policy."""
        return builders.policy(**self.policy)

    def copies(self) -> list[dict[str, Any]]:
        """For each id the list that is published, or None, and how old the copy of it is."""
        first = Id(self.events, self.age, self.request.user_id)
        return [{"list": self.list_of(each), "age": each.age} for each in (first, *self.others)]

    def list_of(self, held: Id) -> dict[str, Any] | None:
        """The list that is published of an id; None where there is none."""
        by = self.rules if self.held_by is None else builders.policy(**self.held_by)
        listed = builders.published(*held.events, policy=by, catalog=self.known)
        return {**listed, "user_id": held.user_id} if listed and held.events else None

    def decision(self) -> dict[str, Any]:
        """What the domain decides by them."""
        return builders.decided_by_copies(self.request, self.copies(), self.rules, self.known)

    def written(self) -> dict[str, Any]:
        """The case as a view is given it."""
        document, copies = self.rules.document, self.copies()
        return {
            "name": self.name,
            "policy": {table: document[table] for table in OF_A_VIEW},
            "catalog": {
                product_id: _given_fields(Product(**fields))
                for product_id, fields in self.catalog.items()
            },
            **({"copies": copies} if self.others else copies[0]),
            "request": {
                **_given_fields(self.request),
                "candidates": [_given_fields(each) for each in self.request.candidates],
            },
            "decision": self.decision(),
        }


class Rule(NamedTuple):
    """Cases on one rule, which make one file."""

    name: str
    about: str
    cases: tuple[Case, ...]

    def written(self) -> bytes:
        """The file: JSON, each member of a case on a line of its own."""
        blocks = ",\n".join(_block(case.written()) for case in self.cases)
        about = orjson.dumps(self.about).decode()
        return f'{{"about": {about}, "cases": [\n{blocks}\n]}}\n'.encode()


def _block(case: Mapping[str, Any]) -> str:
    lines = ",\n".join(f"  {_json(name)}: {_json(value)}" for name, value in case.items())
    return f" {{\n{lines}\n }}"


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _given_fields(record: Any) -> dict[str, Any]:
    """The fields of a record that say anything."""
    fields: Iterable[tuple[str, Any]] = msgspec.to_builtins(record).items()
    return {name: value for name, value in fields if value is not None}
