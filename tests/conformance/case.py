"""A case: what happened to somebody, what is asked, and what the domain makes of it."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import msgspec
import orjson

from schemas.records import Event, Product, Request
from streams.suppression.policy import Policy
from streams.suppression.standing import decide_from_list
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

    @property
    def known(self) -> Any:
        """The catalog."""
        return builders.catalog(**self.catalog)

    @property
    def rules(self) -> Policy:
        """The policy."""
        return builders.policy(**self.policy)

    def list(self) -> dict[str, Any] | None:
        """The list that is published of the person."""
        by = self.rules if self.held_by is None else builders.policy(**self.held_by)
        listed = builders.published(*self.events, policy=by, catalog=self.known)
        return None if listed is None else {**listed, "user_id": self.request.user_id}

    def decision(self) -> dict[str, Any]:
        """What the domain decides by that list."""
        taken = decide_from_list(self.request, self.list(), self.rules, self.known, self.age)
        return builders.as_json(taken)

    def written(self) -> dict[str, Any]:
        """The case as a view is given it."""
        document = self.rules.document
        return {
            "name": self.name,
            "policy": {table: document[table] for table in OF_A_VIEW},
            "catalog": {
                product_id: _given_fields(Product(**fields))
                for product_id, fields in self.catalog.items()
            },
            "list": self.list(),
            "age": self.age,
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
